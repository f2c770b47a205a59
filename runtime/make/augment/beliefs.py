"""How much the model believes a statement: its own probability, or the share of its sampled verdicts."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runtime.contract.blocks import ModelBlock
from runtime.contract.errors import StageError
from runtime.make.augment.asking import Asker
from runtime.make.augment.chunks import language_of
from runtime.make.augment.parse import verdict_of
from runtime.make.augment.prompts import PROMPTS, turns_of
from runtime.model.answering.request import Request
from runtime.model.load import context_length, load_tokenizer
from runtime.model.prompts import prompts_of
from runtime.stage.context import StageContext

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TEMPERATURE = 1.0  # of verdicts: the unchanged probabilities of the model
VERDICT_TOKENS = 16
LEAST = 1e-4  # a belief is never taken to be nearer to 0 or 1


def sampled_beliefs(asker: Asker, statements: Sequence[str], samples: int) -> list[float | None]:
    """Return the share of verdicts for each statement, with half a verdict added to both sides.

    The addition (Krichevsky and Trofimov 1981) keeps a share of few samples from being 0 or 1. None without a verdict.
    """
    requests = [
        Request(prompt=_turns(each), max_new_tokens=VERDICT_TOKENS, temperature=TEMPERATURE, seed=sample)
        for each in statements
        for sample in range(samples)
    ]
    found = asker.ask(requests, verdict_of, attempts=1)
    verdicts = [found[at : at + samples] for at in range(0, len(found), samples)]
    given = [[each.value for each in group if each is not None] for group in verdicts]
    return [(sum(group) + 0.5) / (len(group) + 1) if group else None for group in given]


def own_beliefs(
    model: "PreTrainedModel", block: ModelBlock, statements: Sequence[str], *, batch_size: int, context: StageContext
) -> list[float]:
    """Return the model's probability of yes for each statement, of yes and no alone.

    RUN740 on a stop request, and the errors of `prompts_of`.
    """
    import torch

    tokenizer: Any = load_tokenizer(block, context.volumes)
    rows = [{"id": f"statement {at}", "prompt": _turns(each)} for at, each in enumerate(statements)]
    room = context_length(block, context.volumes)
    prompts = prompts_of(rows, tokenizer, answer_tokens=VERDICT_TOKENS, context=room) if rows else []
    words = {
        language: [tokenizer(word, add_special_tokens=False)["input_ids"] for word in _written(language)]
        for language in PROMPTS
    }
    model.train(False)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    order = sorted(range(len(prompts)), key=lambda at: (-len(prompts[at]), at))
    beliefs = [0.0] * len(prompts)
    for start in range(0, len(order), batch_size):
        if context.stop.is_set:
            message = f"stopped by {context.stop.signal_name} with {start} of {len(order)} statements judged"
            raise StageError("RUN740", message, "run the stage again: it resumes from there")
        batch = order[start : start + batch_size]
        languages = [language_of(statements[at]) for at in batch]
        yes, no = (
            _log_probabilities(model, [prompts[at] for at in batch], [words[each][side] for each in languages])
            for side in (0, 1)
        )
        for at, one, other in zip(batch, yes, no, strict=True):
            beliefs[at] = 1 / (1 + math.exp(min(other - one, 50.0)))
        context.events.emit("progress", done=start + len(batch), total=len(order))
    return beliefs


def loss_of(belief_in_true: float | None, belief_in_false: float | None) -> float | None:
    """Return the comprehension loss of a fact: the mean negative logarithm of the beliefs in what is right.

    As in GraphGen (arXiv 2505.20416), over a restatement and a contradiction of the fact; log 2 is a guess. None
    without a belief.
    """
    rights = [
        *([belief_in_true] if belief_in_true is not None else []),
        *([1 - belief_in_false] if belief_in_false is not None else []),
    ]
    return sum(-math.log(min(max(each, LEAST), 1 - LEAST)) for each in rights) / len(rights) if rights else None


def _turns(statement: str) -> list[dict[str, str]]:
    return turns_of(language_of(statement), "judge", statement=statement)


def _written(language: str) -> tuple[str, str]:
    """Return yes and no as a model begins an answer with them."""
    yes, no = PROMPTS[language].verdicts
    return yes.capitalize(), no.capitalize()


def _log_probabilities(model: Any, prompts: Sequence[list[int]], words: Sequence[list[int]]) -> list[float]:
    """Return the log-probability of each continuation after its prompt, as one batch padded on the right."""
    import torch

    rows = [[*prompt, *word] for prompt, word in zip(prompts, words, strict=True)]
    width = max(map(len, rows))
    ids = torch.tensor([row + [0] * (width - len(row)) for row in rows], device=model.device)
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=model.device)
    with torch.inference_mode():
        logits = model(input_ids=ids, attention_mask=mask).logits
    found = []
    for at, (prompt, word) in enumerate(zip(prompts, words, strict=True)):
        steps = torch.log_softmax(logits[at, len(prompt) - 1 : len(prompt) + len(word) - 1].float(), dim=-1)
        found.append(sum(float(steps[step, token]) for step, token in enumerate(word)))
    return found
