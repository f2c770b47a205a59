"""Direct preference optimisation: the model learns to prefer chosen to rejected answers."""

import copy
from dataclasses import replace

from runtime.contract.training_stages import PlainStage
from runtime.data.examples import require_one_kind
from runtime.data.preferences import fitting_rows, table_of
from runtime.data.rows import read_sources
from runtime.data.tokens import limit_of
from runtime.model.load import check_model_files, context_length, load_model, load_tokenizer
from runtime.stage.context import StageContext
from runtime.stage.curves import first_and_last
from runtime.stage.report import Outcome

ANSWERS = ("chosen", "rejected")


def run(stage: PlainStage, context: StageContext) -> Outcome:
    """Train on the stage's pairs and save the adapter (or the whole model)."""
    context.events.emit("phase", name="check data")
    sources = read_sources(stage.data, context.volumes)
    require_one_kind(sources)
    check_model_files(stage.model, context.volumes)

    # The imports below take seconds, and then a model loads: all early checks come before them.
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

    from runtime.train.loop import CHECKPOINTS, train_and_save
    from runtime.train.setting_faults import settings_at_fault
    from runtime.train.trainer_args import lora_config, trainer_args

    args = trainer_args(DPOConfig, stage, context.folder / CHECKPOINTS)
    peft_config = lora_config(stage, context.volumes)
    context.events.emit("phase", name="prepare data")
    tokenizer = load_tokenizer(stage.model, context.volumes)
    limit = limit_of(args.max_length, context_length(stage.model, context.volumes))
    rows, too_long = fitting_rows(sources, ANSWERS, tokenizer, stage.model.path, limit)
    context.events.emit("phase", name="load model")
    model = load_model(stage.model, context.volumes)
    # With an adapter, the reference is the model without it. Without one, the trainer would reload the base model from
    # its folder and lose the merged adapters of earlier stages; the copy keeps them.
    reference = copy.deepcopy(model) if peft_config is None else None
    with settings_at_fault(stage):
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
    curves = first_and_last(trainer.state.log_history, names)
    return replace(outcome, report={"made_rows_too_long": too_long, "curves": curves})
