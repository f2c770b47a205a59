"""Direct preference optimisation: the model learns to prefer the chosen answer of each pair to the rejected one."""

import copy
from dataclasses import replace

from runtime.config.stages import DpoStage
from runtime.context import StageContext
from runtime.data import read_sources
from runtime.forms import preference_rows
from runtime.model import check_model_files, load_model, load_tokenizer
from runtime.report import Outcome
from runtime.signals import first_and_last


def run(stage: DpoStage, context: StageContext) -> Outcome:
    """Train on the stage's pairs and save the adapter (or the whole model) under the output folder."""
    context.events.emit("phase", name="check data")
    rows = preference_rows(read_sources(stage.data, context.volumes))
    check_model_files(stage.model, context.volumes)

    # From here on a stage costs seconds of imports, then a model in memory: nothing that can fail early comes later.
    from datasets import Dataset
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

    from runtime.trainer_args import lora_config, trainer_args
    from runtime.training import CHECKPOINTS, train_and_save

    args = trainer_args(DPOConfig, stage, context.folder / CHECKPOINTS)
    peft_config = lora_config(stage.peft)
    context.events.emit("phase", name="load model")
    tokenizer = load_tokenizer(stage.model, context.volumes)
    model = load_model(stage.model, context.volumes)
    # With an adapter the reference is the model without it. Without one the trainer would load the base model from its
    # folder again, and so lose the merged adapters of earlier stages: the copy keeps them.
    reference = copy.deepcopy(model) if peft_config is None else None

    context.events.emit("phase", name="prepare data")
    trainer = DPOTrainer(
        model=model,
        ref_model=reference,
        args=args,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=peft_config,
    )
    outcome = train_and_save(trainer, context, has_adapter=peft_config is not None, rows=len(rows))
    names = ("rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies")
    return replace(outcome, report={"signals": first_and_last(trainer.state.log_history, names)})
