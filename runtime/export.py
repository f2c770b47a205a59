"""`trainspec-runtime export OUTPUTS/<job> --to DIR`: the whole model that a stage made, as safetensors, with tokenizer.

The base model and the adapters of all stages so far are merged in float32 and rounded once, as a later stage does.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

from runtime.contract.blocks import ModelBlock
from runtime.contract.errors import StageError, as_write_failure
from runtime.contract.outputs import METRICS_FILE
from runtime.contract.training_stages import RewardStage, TrainingStage
from runtime.contract.volumes import Volumes
from runtime.model.load import check_model_files, load_model, load_tokenizer
from runtime.stage.config import load_stage
from runtime.stage.files import finish_folder
from runtime.stage.libraries import prepare_libraries
from runtime.stage.memory import as_memory_failure
from runtime.stage.report import CONFIG_FILE, read_complete
from runtime.train.save import CARD_FILE


def main(arguments: list[str] | None = None) -> int:
    """Export as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="trainspec-runtime export", description="merge and save what a stage made")
    parser.add_argument("job", type=Path, help="the output folder of a finished training stage")
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="a folder that is not there yet")
    default = os.environ.get("TRAINSPEC_MODELS")
    parser.add_argument(
        "--models", type=Path, default=default, required=default is None, help="the folder of base models"
    )
    parsed = parser.parse_args(arguments)
    prepare_libraries()
    try:
        answer = export(parsed.job.absolute(), parsed.to.absolute(), parsed.models.absolute())
    except StageError as error:
        failure = error
    except OSError as error:
        found = as_write_failure(error)
        if found is None:
            raise
        failure = found
    else:
        print(f"exported to {parsed.to}; asked `Hello`, it answers: {answer!r}")
        return 0
    problem = failure.problem
    print(f"error[{problem.code}]: {problem.message}\n  = hint: {problem.hint}", file=sys.stderr)
    return failure.exit_code


def export(job: Path, target: Path, models: Path) -> str:
    """Write the merged model of the stage whose output folder is `job` to `target`; return its answer to a prompt.

    RUN747 if the one is no finished training stage, or the other is there already; RUN746 if what was saved differs.
    """
    stage, merged = _what_was_made(job)
    if target.exists():
        raise StageError("RUN747", f"`{target.name}` is there already", "name a new folder with `--to`")
    if isinstance(stage, RewardStage):
        hint = "load it with `runtime.model.reward_model`, as PPO does"
        raise StageError("RUN747", f"`{job.name}` is a reward model, whose head is no part of a language model", hint)
    volumes = Volumes(models=models, data=job.parent, outputs=job.parent)
    check_model_files(merged, volumes)
    try:
        return _export(stage, merged, volumes, target)
    except Exception as error:
        failure = as_memory_failure(error, stage)
        if failure is None:
            raise
        raise failure from error


def _what_was_made(job: Path) -> tuple[TrainingStage, ModelBlock]:
    """Return the stage that wrote `job`, and the block of the model with its own weights on top."""
    hint = "name the output folder of a training stage that has ended"
    if not (job / CONFIG_FILE).is_file():
        raise StageError("RUN747", f"`{job.name}` holds no `{CONFIG_FILE}`", hint)
    stage, config_sha256 = load_stage(job / CONFIG_FILE)
    document = read_complete(job, config_sha256)
    if not isinstance(stage, TrainingStage) or document is None:
        raise StageError("RUN747", f"`{job.name}` holds no `{METRICS_FILE}` of a training stage that has ended", hint)
    made = document["adapter"] or document["model"]
    # of the job's own folder, under whatever name it was copied here
    own = f"{job.name}/{Path(made).name}"
    block = stage.model.model_copy(update={"adapters": [*stage.model.adapters, own], "quantization": None})
    return stage, block


def _export(stage: TrainingStage, merged: ModelBlock, volumes: Volumes, target: Path) -> str:
    from runtime.train.save import check_saved

    tokenizer = load_tokenizer(merged, volumes)
    model = load_model(merged, volumes)
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    model.save_pretrained(temporary, max_shard_size="4GB")
    tokenizer.save_pretrained(temporary)
    found = check_saved(model, tokenizer, temporary)
    card = volumes.outputs / merged.adapters[-1] / CARD_FILE
    if card.is_file():
        text = card.read_text(encoding="utf-8").replace("library_name: peft", "library_name: transformers", 1)
        (temporary / CARD_FILE).write_text(text, encoding="utf-8")
    finish_folder(temporary, target)
    return str(found.get("answer", ""))


if __name__ == "__main__":
    sys.exit(main())
