"""Supervised fine-tuning: the model learns the completions (or whole conversations) that people wrote."""

from runtime.config.stages import SftStage
from runtime.context import StageContext
from runtime.data import read_sources
from runtime.forms import sft_rows
from runtime.model import check_model_files, load_model, load_tokenizer
from runtime.report import Outcome


def run(stage: SftStage, context: StageContext) -> Outcome:
    """Train on the stage's rows and save the adapter (or the whole model) under the output folder."""
    context.events.emit("phase", name="check data")
    rows = sft_rows(read_sources(stage.data, context.volumes))
    check_model_files(stage.model, context.volumes)

    # From here on a stage costs seconds of imports, then a model in memory: nothing that can fail early comes later.
    from datasets import Dataset
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    from runtime.trainer_args import lora_config, trainer_args
    from runtime.training import CHECKPOINTS, train_and_save

    args = trainer_args(SFTConfig, stage, context.folder / CHECKPOINTS)
    peft_config = lora_config(stage.peft)
    context.events.emit("phase", name="load model")
    tokenizer = load_tokenizer(stage.model, context.volumes)
    model = load_model(stage.model, context.volumes)

    context.events.emit("phase", name="prepare data")
    trainer = SFTTrainer(
        model=model,
        args=args,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=peft_config,
    )
    return train_and_save(trainer, context, has_adapter=peft_config is not None, rows=len(rows))
