"""Continued pre-training on a corpus, with general text so that the model forgets less."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from runtime.contract.errors import StageError
from runtime.contract.training_stages import CptStage
from runtime.data.answer_form import require_end
from runtime.data.control_tokens import rows_without_control_tokens
from runtime.data.examples import Example
from runtime.data.rows import read_sources
from runtime.data.splits import is_held_out
from runtime.data.tokens import limit_of
from runtime.model.load import check_model_files, context_length, load_model, load_tokenizer
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

_CUT_BY_PACKING = ("bfd_split", "wrapped")


@dataclass(frozen=True, kw_only=True, slots=True)
class Texts:
    """Texts to train on, their places, and the number of texts held out for evaluations."""

    texts: list[str]
    places: list[str]
    held_out: int = 0


def run(stage: CptStage, context: StageContext) -> Outcome:
    """Train on the stage's texts and save the adapter (or the whole model).

    The report gives the amounts of replayed and of held-out general text.
    """
    context.events.emit("phase", name="check data")
    corpus, general = read_texts(stage, context)
    check_model_files(stage.model, context.volumes)
    tokenizer = load_tokenizer(stage.model, context.volumes)
    require_end(tokenizer, turns=False)
    _require_no_control_tokens(corpus, tokenizer)
    _require_no_control_tokens(general, tokenizer)

    # The imports below take seconds, and then a model loads: all early checks come before them.
    from datasets import concatenate_datasets
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    from runtime.train.loop import CHECKPOINTS, train_and_save
    from runtime.train.setting_faults import settings_at_fault
    from runtime.train.trainer_args import lora_config, trainer_args

    args = trainer_args(SFTConfig, stage, context.folder / CHECKPOINTS)
    peft_config = lora_config(stage, context.volumes)
    context.events.emit("phase", name="prepare data")
    read = tokenised(corpus.texts, tokenizer)
    spare = tokenised(general.texts, tokenizer)
    limit = limit_of(args.max_length, context_length(stage.model, context.volumes))
    if not (args.packing and args.packing_strategy in _CUT_BY_PACKING):
        limit.require([*read["length"], *spare["length"]], [*corpus.places, *general.places])
    elif args.max_length is None or args.max_length > limit.tokens:
        message = f"`trainer.max_length` is {args.max_length}, but the model's context has {limit.tokens} tokens"
        raise StageError("RUN717", message, "lower `trainer.max_length`")
    # All passes over the corpus are one epoch of the trainer. With one epoch per pass, it would replay the same general
    # text in each, and the model would memorise that text instead of retaining its knowledge.
    passes = passes_of(args.num_train_epochs, args.max_steps) if general.texts else 1
    args.num_train_epochs /= passes
    corpus_tokens = sum(read["length"]) * passes
    budget = replay_tokens(corpus_tokens, stage.replay_share)
    chosen = choose_replay(spare["length"], budget, stage.seed, most=passes)
    dataset = concatenate_datasets([*[read] * passes, cut(spare, chosen)]).remove_columns("length")
    report = replay_report(stage, corpus_tokens, chosen, general) | {"passes": passes}
    context.events.emit("replay", **report)

    context.events.emit("phase", name="load model")
    model = load_model(stage.model, context.volumes)
    with settings_at_fault(stage):
        trainer = SFTTrainer(
            model=model,
            args=args,
            train_dataset=dataset,
            processing_class=tokenizer,
            peft_config=peft_config,
        )
    outcome = train_and_save(trainer, context, has_adapter=peft_config is not None, rows=len(dataset))
    return replace(outcome, report={**outcome.report, "replay": report})


def _require_no_control_tokens(texts: Texts, tokenizer: "PreTrainedTokenizerBase") -> None:
    pairs = zip(texts.texts, texts.places, strict=True)
    rows_without_control_tokens(
        [[Example(place=place, is_made=False, answer=text)] for text, place in pairs], tokenizer
    )


def read_texts(stage: CptStage, context: StageContext) -> tuple[Texts, Texts]:
    """Return the corpus, and the general text without its held-out tenth."""
    rows = [
        (source.block.role == "replay", row["text"], place)
        for source in read_sources(stage.data, context.volumes)
        for row, place in zip(source.rows, source.places, strict=True)
    ]
    corpus = [(text, place) for is_general, text, place in rows if not is_general]
    general = [(text, place) for is_general, text, place in rows if is_general]
    spare = [(text, place) for text, place in general if not is_held_out(text)]
    return (
        Texts(texts=[text for text, _ in corpus], places=[place for _, place in corpus]),
        Texts(
            texts=[text for text, _ in spare],
            places=[place for _, place in spare],
            held_out=len(general) - len(spare),
        ),
    )


def tokenised(texts: Sequence[str], tokenizer: "PreTrainedTokenizerBase") -> "Dataset":
    """Return the columns `input_ids` and `length`; each text ends with the end-of-text token."""
    from datasets import Dataset, Features, List, Value

    end = tokenizer.eos_token or ""

    def tokens(batch: dict[str, list[str]]) -> dict[str, list[Any]]:
        ids = tokenizer([text if end and text.endswith(end) else text + end for text in batch["text"]])["input_ids"]
        return {"input_ids": ids, "length": [len(each) for each in ids]}

    features = Features({"input_ids": List(Value("int32")), "length": Value("int64")})
    if not texts:
        return Dataset.from_dict({"input_ids": [], "length": []}, features=features)
    rows = Dataset.from_dict({"text": list(texts)})
    return rows.map(tokens, batched=True, remove_columns="text", features=features)


def replay_tokens(corpus_tokens: int, share: float) -> int:
    """Return how many tokens of general text make up `share` of all tokens.

    Tokens, not rows: the loss is a mean over tokens, and the literature gives mixtures in tokens (arXiv 2403.08763).
    """
    return round(corpus_tokens * share / (1 - share))


def passes_of(epochs: float, max_steps: int) -> int:
    """Return the number of whole passes over the corpus; 1 if `max_steps` is set."""
    return 1 if max_steps > 0 else max(1, int(epochs))


def choose_replay(lengths: Sequence[int], budget: int, seed: int, *, most: int = 1) -> list[tuple[int, int]]:
    """Return (row, tokens to keep) of the general rows to replay, chosen at random with `seed`.

    A row repeats only after all other rows have appeared as often, and appears at most `most` times. The last row is
    cut to meet the budget exactly; with too little text, the budget is not met.
    """
    import numpy as np

    chosen, left = [], budget
    order = np.random.default_rng(seed).permutation(len(lengths)).tolist()
    for row in order * most:
        if left <= 0:
            break
        chosen.append((row, min(lengths[row], left)))
        left -= lengths[row]
    return sorted(chosen)


def cut(rows: "Dataset", chosen: Sequence[tuple[int, int]]) -> "Dataset":
    """Return the chosen rows, each cut to its tokens to keep."""
    if not chosen:
        return rows.select([])
    keep = [count for _, count in chosen]
    return rows.select([row for row, _ in chosen]).map(
        lambda row, index: {"input_ids": row["input_ids"][: keep[index]], "length": keep[index]}, with_indices=True
    )


def replay_report(
    stage: CptStage, corpus_tokens: int, chosen: Sequence[tuple[int, int]], general: Texts
) -> dict[str, Any]:
    """Return the report on the replay; shares are of all tokens."""
    tokens = sum(count for _, count in chosen)
    return {
        "share_wanted": stage.replay_share,
        "share": round(tokens / (tokens + corpus_tokens), 6),
        "tokens": tokens,
        "corpus_tokens": corpus_tokens,
        "rows": len({row for row, _ in chosen}),
        "rows_spare": len(general.texts) - len({row for row, _ in chosen}),
        "rows_held_out": general.held_out,
    }
