"""Latent chains of thought by stepwise internalisation (arXiv 2405.14838).

Stage by stage, the training rows lose more tokens from the start of their chain, until only the answer remains.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from transformers.trainer_callback import TrainerCallback, TrainerControl, TrainerState
from transformers.training_args import TrainingArguments

from runtime.contract.blocks import CurriculumBlock
from runtime.contract.training_stages import LatentCotStage
from runtime.data.answer_form import require_template
from runtime.data.by_row import for_each_row
from runtime.data.chat import common_prefix
from runtime.data.control_tokens import rows_without_control_tokens
from runtime.data.examples import Example, sft_examples
from runtime.data.rows import read_sources
from runtime.data.tokens import IGNORED, Tokens, dataset_of, limit_of, tokens_of
from runtime.model.load import check_model_files, context_length, load_model, load_tokenizer
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, Trainer

# Removal smoothing of the paper (section 3): o additional tokens are removed with a probability proportional to
# exp(-4 o), which affects 2 % of the rows. The model thereby sees rows of the next stage before all rows change.
SMOOTHING = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """The tokens of a row: prompt, chain and tail.

    `bare` replaces chain and tail once no chain is left.
    """

    prompt: list[int]
    chain: list[int]
    tail: list[int]
    bare: list[int]

    @property
    def length(self) -> int:
        """The largest number of tokens that the row has in any stage."""
        return len(self.prompt) + max(len(self.chain) + len(self.tail), len(self.bare))

    def without(self, removed: int) -> Tokens:
        """Return the row without the first `removed` tokens of its chain.

        All tokens after the prompt are learnt.
        """
        left = self.chain[removed:]
        answer = [*left, *self.tail] if left else self.bare
        return Tokens(ids=[*self.prompt, *answer], labels=[*[IGNORED] * len(self.prompt), *answer])


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """One removal stage: removed tokens per chain, epochs, and its steps."""

    removed: int
    epochs: int
    first_step: int
    steps: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Curriculum:
    """All removal stages, with `batch` rows per step; `seed` decides order and smoothing."""

    removals: tuple[Removal, ...]
    batch: int
    seed: int

    @property
    def steps(self) -> int:
        """The number of optimiser steps of all stages."""
        return sum(removal.steps for removal in self.removals)

    @property
    def boundaries(self) -> list[int]:
        """The number of finished steps at which each stage but the first begins."""
        return [removal.first_step for removal in self.removals[1:]]

    def sequences(self, parts: Sequence[Parts]) -> Iterator[Tokens]:
        """Yield the rows of all steps in order.

        Rows of one more pass fill the last batch of a stage.
        """
        import numpy as np

        chance = np.random.default_rng(self.seed)
        for removal in self.removals:
            rows: list[int] = []
            while len(rows) < removal.steps * self.batch:
                rows += chance.permutation(len(parts)).tolist()
            rows = rows[: removal.steps * self.batch]
            more = chance.geometric(1 - math.exp(-SMOOTHING), len(rows)) - 1
            for row, offset in zip(rows, more.tolist(), strict=True):
                yield parts[row].without(removal.removed + offset)


def run(stage: LatentCotStage, context: StageContext) -> Outcome:
    """Train through all removal stages and save the adapter (or the whole model).

    One trainer sees the rows of all stages in sequence, so that a stopped run resumes within any of them, and the
    number of steps is known from the start. The report gives the remaining tokens and the loss of each stage.
    """
    context.events.emit("phase", name="check data")
    sources = read_sources(stage.data, context.volumes)
    whole = sft_examples(sources, stage.answer_marker)
    bare = sft_examples(sources, stage.answer_marker, chains=False)
    check_model_files(stage.model, context.volumes)
    tokenizer = load_tokenizer(stage.model, context.volumes)
    require_template(whole, tokenizer, stage.model.path)

    # The imports below take seconds, and then a model loads: all early checks come before them.
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    from runtime.train.loop import CHECKPOINTS, train_and_save
    from runtime.train.setting_faults import settings_at_fault
    from runtime.train.trainer_args import lora_config, trainer_args

    given = trainer_args(SFTConfig, stage, context.folder / CHECKPOINTS)
    # The rows are in the order of the curriculum and already repeated for its epochs.
    in_order = {**stage.trainer, "num_train_epochs": 1, "train_sampling_strategy": "sequential"}
    args = trainer_args(SFTConfig, stage.model_copy(update={"trainer": in_order}), context.folder / CHECKPOINTS)
    peft_config = lora_config(stage, context.volumes)
    context.events.emit("phase", name="prepare data")
    clean = rows_without_control_tokens([[example] for example in whole], tokenizer)
    whole, bare = ([examples[at] for at in clean] for examples in (whole, bare))
    parts = for_each_row(lambda one, other: parts_of(one, other, tokenizer), whole, bare)
    limit = limit_of(args.max_length, context_length(stage.model, context.volumes))
    limit.require([part.length for part in parts], [example.place for example in whole])
    curriculum = curriculum_of(
        parts,
        stage.curriculum,
        around=max(1, round(given.num_train_epochs)),
        batch=args.per_device_train_batch_size * args.gradient_accumulation_steps * stage.distributed.world,
        seed=stage.seed,
    )
    context.events.emit("curriculum", removals=len(curriculum.removals) - 1, rows=len(parts), steps=curriculum.steps)
    dataset = dataset_of(curriculum.sequences(parts))

    context.events.emit("phase", name="load model")
    model = load_model(stage.model, context.volumes)
    with settings_at_fault(stage):
        trainer = SFTTrainer(
            model=model,
            args=args,
            train_dataset=dataset,
            processing_class=tokenizer,
            peft_config=peft_config,
            callbacks=[ResetOptimizer(curriculum.boundaries)] if stage.curriculum.reset_optimizer else None,
        )
    outcome = train_and_save(trainer, context, has_adapter=peft_config is not None, rows=len(dataset))
    return replace(outcome, report={**outcome.report, "curriculum": report_of(curriculum, parts, trainer)})


def curriculum_of(parts: Sequence[Parts], block: CurriculumBlock, *, around: int, batch: int, seed: int) -> Curriculum:
    """Return the stages from whole chains to none; the first and the last have `around` epochs.

    The first stage has to teach the chain before tokens go, and the last one the answer without a chain.
    """
    last = math.ceil(max(len(part.chain) for part in parts) / block.remove_tokens)
    removals: list[Removal] = []
    for index in range(last + 1):
        epochs = around if index in (0, last) else block.epochs_per_removal
        first_step = sum(removal.steps for removal in removals)
        steps = math.ceil(epochs * len(parts) / batch)
        removed = index * block.remove_tokens
        removals.append(Removal(removed=removed, epochs=epochs, first_step=first_step, steps=steps))
    return Curriculum(removals=tuple(removals), batch=batch, seed=seed)


def parts_of(whole: Example, bare: Example, tokenizer: "PreTrainedTokenizerBase") -> Parts:
    """Return the tokens of a row; `whole` answers with the chain, `bare` without it."""
    (long,), (short,) = tokens_of(whole, tokenizer), tokens_of(bare, tokenizer)
    start = min(_start(long), _start(short))
    after, rest = long.ids[start:], short.ids[start:]
    tail = common_prefix(after[::-1], rest[::-1])
    end = len(after) - tail
    return Parts(prompt=long.ids[:start], chain=after[:end], tail=after[end:], bare=rest)


def report_of(curriculum: Curriculum, parts: Sequence[Parts], trainer: "Trainer") -> list[dict[str, Any]]:
    """Return the report on each removal stage: remaining chain tokens, steps, mean loss."""
    logged = [(entry["step"], entry["loss"]) for entry in trainer.state.log_history if "loss" in entry]
    stages = []
    for removal in curriculum.removals:
        losses = [loss for step, loss in logged if removal.first_step < step <= removal.first_step + removal.steps]
        left = sum(max(0, len(part.chain) - removal.removed) for part in parts) / len(parts)
        stages.append(
            {
                "removed": removal.removed,
                "chain_tokens_left": round(left, 3),
                "epochs": removal.epochs,
                "steps": removal.steps,
                "mean_loss": round(sum(losses) / len(losses), 6) if losses else None,
            }
        )
    return stages


class ResetOptimizer(TrainerCallback):  # type: ignore[misc]
    """Clears the optimiser's state before the step after each of `steps` finished steps.

    It clears before a step, not after the previous one: a checkpoint between the two has the state, and a resumed run
    clears it here as an uninterrupted run does.
    """

    def __init__(self, steps: Collection[int]) -> None:
        self._steps = frozenset(steps)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Clear the state if a stage begins with this step."""
        if state.global_step in self._steps:
            kwargs["optimizer"].state.clear()


def _start(tokens: Tokens) -> int:
    return next(index for index, label in enumerate(tokens.labels) if label != IGNORED)
