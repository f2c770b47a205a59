"""Sampled answers, several per prompt, seeded per batch so that a stop changes nothing."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain

from runtime.contract.blocks import ModelBlock
from runtime.contract.errors import StageError
from runtime.data.formats import Row
from runtime.model.generate import Answer, answer_batch
from runtime.model.load import context_length, load_model, load_tokenizer
from runtime.model.prompts import prompts_of
from runtime.stage.answer_log import AnswerLog
from runtime.stage.context import StageContext
from runtime.stage.seeds import seed_of


def sample_answers(
    block: ModelBlock,
    rows: Sequence[Row],
    *,
    samples: int,
    temperature: float,
    max_new_tokens: int,
    batch_size: int,
    seed: int,
    context: StageContext,
) -> list[list[Answer]]:
    """Load the model of `block` and return its `samples` answers to each row, in order.

    A batch holds all samples of as many prompts as fit into `batch_size` answers (at least one prompt). Its seed
    depends on its number, so that a resumed run gives the same answers. RUN740 on a stop request, and the errors of
    `prompts_of` if a prompt is unusable.
    """
    import torch

    tokenizer = load_tokenizer(block, context.volumes)
    room = context_length(block, context.volumes)
    ids = prompts_of(rows, tokenizer, answer_tokens=max_new_tokens, context=room)
    context.events.emit("phase", name="load model")
    model = load_model(block, context.volumes)
    model.train(False)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    context.events.emit("phase", name="generate")
    # Longest first: a lack of memory shows at once, not after an hour.
    order = sorted(range(len(ids)), key=lambda index: (-len(ids[index]), index))
    width = max(1, batch_size // samples)
    batches = [order[start : start + width] for start in range(0, len(order), width)]
    log = AnswerLog(context.folder, context.config_sha256)
    finished = [[Answer(**record) for record in batch] for batch in log.start()]
    for number in range(len(finished), len(batches)):
        if context.stop.is_set:
            message = f"stopped by {context.stop.signal_name}"
            raise StageError("RUN740", message, "run the stage again: it resumes from there")
        torch.manual_seed(seed_of(seed, number))
        repeated = [ids[index] for index in batches[number] for _ in range(samples)]
        with torch.inference_mode():
            sampled = answer_batch(model, tokenizer, repeated, max_new_tokens, temperature)
        log.append([asdict(answer) for answer in sampled])
        finished.append(sampled)
        context.events.emit("progress", done=sum(map(len, finished)), total=samples * len(order))
    answers = list(chain.from_iterable(finished))
    by_index = {index: answers[at * samples : (at + 1) * samples] for at, index in enumerate(order)}
    return [by_index[index] for index in range(len(ids))]
