"""Direct preference optimisation: the model learns to prefer the chosen answer of each pair to the rejected one."""

import copy
from dataclasses import replace

from runtime.contract.training_stages import DpoStage
from runtime.data.examples import require_one_kind
from runtime.data.preferences import fitting_rows, table_of
from runtime.data.rows import read_sources
from runtime.data.tokens import limit_of
from runtime.model.load import check_model_files, context_length, load_model, load_tokenizer
from runtime.stage.context import StageContext
from runtime.stage.report import Outcome
from runtime.stage.steps import first_and_last

ANSWERS = ("chosen", "rejected")


def run(stage: DpoStage, context: StageContext) -> Outcome:
    """Train on the stage's pairs and save the adapter (or the whole model) under the output folder."""
    context.events.emit("phase", name="check data")
    sources = read_sources(stage.data, context.volumes)
    require_one_kind(sources)
    check_model_files(stage.model, context.volumes)

    # From here on a stage costs seconds of imports, then a model in memory: nothing that can fail early comes later.
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

    from runtime.train.loop import CHECKPOINTS, train_and_save
    from runtime.train.trainer_args import lora_config, trainer_args

    args = trainer_args(DPOConfig, stage, context.folder / CHECKPOINTS)
    peft_config = lora_config(stage.peft)
    context.events.emit("phase", name="prepare data")
    tokenizer = load_tokenizer(stage.model, context.volumes)
    limit = limit_of(args.max_length, context_length(stage.model, context.volumes))
    rows, too_long = fitting_rows(sources, ANSWERS, tokenizer, stage.model.path, limit)
    context.events.emit("phase", name="load model")
    model = load_model(stage.model, context.volumes)
    # With an adapter the reference is the model without it. Without one the trainer would load the base model from its
    # folder again, and so lose the merged adapters of earlier stages: the copy keeps them.
    reference = copy.deepcopy(model) if peft_config is None else None
    trainer = DPOTrainer(
        model=model,
        ref_model=reference,
        args=args,
        train_dataset=table_of(rows, ("prompt", *ANSWERS)),
        processing_class=tokenizer,
        peft_config=peft_config,
    )
    outcome = train_and_save(trainer, context, has_adapter=peft_config is not None, rows=len(rows))
    names = ("rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies")
    signals = first_and_last(trainer.state.log_history, names)
    return replace(outcome, report={"made_rows_too_long": too_long, "signals": signals})
