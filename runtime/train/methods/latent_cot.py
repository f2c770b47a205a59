"""Latent chains of thought by stepwise internalisation (arXiv 2405.14838): the chain's tokens go, a few at a time."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from runtime.contract.stages import LatentCotStage
from runtime.data.examples import sft_examples
from runtime.data.rows import read_sources
from runtime.data.tokens import dataset_of, limit_of, require_template
from runtime.model.load import check_model_files, context_length, load_model, load_tokenizer
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome
from runtime.train.methods.curriculum import Curriculum, Parts, curriculum_of, parts_of

if TYPE_CHECKING:
    from transformers import Trainer


def run(stage: LatentCotStage, context: StageContext) -> Outcome:
    """Train through all removal stages and save the adapter (or the whole model) under the output folder.

    One trainer sees the rows of all stages one after the other, so that a stopped run goes on in the middle of any of
    them, and the number of steps is known from the start. The report names tokens left and loss of each stage.
    """
    context.events.emit("phase", name="check data")
    sources = read_sources(stage.data, context.volumes)
    whole = sft_examples(sources, stage.answer_marker)
    bare = sft_examples(sources, stage.answer_marker, chains=False)
    check_model_files(stage.model, context.volumes)
    tokenizer = load_tokenizer(stage.model, context.volumes)
    require_template(whole, tokenizer, stage.model.path)

    # From here on a stage costs seconds of imports, then a model in memory: nothing that can fail early comes later.
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    from runtime.train.loop import CHECKPOINTS, train_and_save
    from runtime.train.methods.optimizer_reset import ResetOptimizer
    from runtime.train.trainer_args import lora_config, trainer_args

    given = trainer_args(SFTConfig, stage, context.folder / CHECKPOINTS)
    # The rows are in the order of the curriculum, each as often as it is to be seen.
    in_order = {**stage.trainer, "num_train_epochs": 1, "train_sampling_strategy": "sequential"}
    args = trainer_args(SFTConfig, stage.model_copy(update={"trainer": in_order}), context.folder / CHECKPOINTS)
    peft_config = lora_config(stage.peft)
    context.events.emit("phase", name="prepare data")
    parts = [parts_of(one, other, tokenizer) for one, other in zip(whole, bare, strict=True)]
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


def report_of(curriculum: Curriculum, parts: Sequence[Parts], trainer: "Trainer") -> list[dict[str, Any]]:
    """Return, for each removal stage, the chain tokens that were left (mean of the rows), its steps and mean loss."""
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
