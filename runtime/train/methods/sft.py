"""Supervised fine-tuning (methods sft and cot) on given answers, with chains if present."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from runtime.contract.training_stages import SftStage
from runtime.data.answer_form import require_template
from runtime.data.by_row import for_each_row
from runtime.data.control_tokens import rows_without_control_tokens
from runtime.data.examples import Example, sft_examples
from runtime.data.rows import read_sources
from runtime.data.tokens import IGNORED, Limit, Tokens, dataset_of, limit_of, tokens_of
from runtime.model.load import check_model_files, context_length, load_model, load_tokenizer
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def run(stage: SftStage, context: StageContext) -> Outcome:
    """Train on the stage's rows and save the adapter (or the whole model).

    The report counts the learnt answers and tokens. Prompts, tool results, and turns with `train: false` or
    `verdict: wrong` are never learnt.
    """
    context.events.emit("phase", name="check data")
    examples = sft_examples(read_sources(stage.data, context.volumes), stage.answer_marker)
    check_model_files(stage.model, context.volumes)
    tokenizer = load_tokenizer(stage.model, context.volumes)
    require_template(examples, tokenizer, stage.model.path)

    # The imports below take seconds, and then a model loads: all early checks come before them.
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    from runtime.train.loop import CHECKPOINTS, train_and_save
    from runtime.train.setting_faults import settings_at_fault
    from runtime.train.trainer_args import lora_config, trainer_args

    args = trainer_args(SFTConfig, stage, context.folder / CHECKPOINTS)
    peft_config = lora_config(stage, context.volumes)
    context.events.emit("phase", name="prepare data")
    limit = limit_of(args.max_length, context_length(stage.model, context.volumes))
    sequences, report = prepare(examples, tokenizer, limit)
    dataset = dataset_of(sequences)

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
    outcome = train_and_save(trainer, context, has_adapter=peft_config is not None, rows=len(sequences))
    return replace(outcome, report={**outcome.report, "answers": report})


def prepare(
    examples: Sequence[Example], tokenizer: "PreTrainedTokenizerBase", limit: Limit
) -> tuple[list[Tokens], dict[str, Any]]:
    """Return the sequences to train on, and the report on them.

    RUN717 if rows of the plan are longer than `limit`, RUN726 if their texts hold special tokens. Such rows from an
    earlier stage are dropped and counted; RUN712 if no row remains.
    """
    clean = [examples[at] for at in rows_without_control_tokens([[example] for example in examples], tokenizer)]
    by_row = for_each_row(lambda example: tokens_of(example, tokenizer), clean)
    lengths = [max(len(tokens.ids) for tokens in row) for row in by_row]
    kept = [by_row[index] for index in limit.fitting(lengths, clean)]
    sequences = [tokens for row in kept for tokens in row]
    return sequences, {
        "rows": len(examples),
        "made_rows_too_long": len(clean) - len(kept),
        "made_rows_with_special_tokens": len(examples) - len(clean),
        "conversations_split": sum(len(row) > 1 for row in kept),
        "turns_masked": sum(len(example.masked) for example in examples),
        "tokens": sum(len(tokens.ids) for tokens in sequences),
        "tokens_learnt": sum(len(tokens.labels) - tokens.labels.count(IGNORED) for tokens in sequences),
        "longest": max(len(tokens.ids) for tokens in sequences),
    }
