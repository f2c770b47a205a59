"""Export the whole model of a training stage, with tokenizer, as safetensors.

Usage: `trainspec-runtime export OUTPUTS/<job> --to DIR`. The base model and the adapters of all stages so far are
merged in float32 and rounded once, as in a later stage.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

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
from runtime.train.card import CARD_FILE

if TYPE_CHECKING:
    from torch import Tensor


def main(arguments: list[str] | None = None) -> int:
    """Export the model of the command line; return the exit code."""
    description = "merge and save the model of a training stage"
    parser = argparse.ArgumentParser(prog="trainspec-runtime export", description=description)
    parser.add_argument("job", type=Path, help="the output folder of a finished training stage")
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="a new folder for the model")
    default = os.environ.get("TRAINSPEC_MODELS")
    parser.add_argument(
        "--models",
        type=Path,
        default=default,
        required=default is None,
        help="the folder of base models (default: `TRAINSPEC_MODELS`)",
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
        print(f"exported to {parsed.to}; its answer to `Hello`: {answer!r}")
        return 0
    problem = failure.problem
    print(f"error[{problem.code}]: {problem.message}\n  = hint: {problem.hint}", file=sys.stderr)
    return failure.exit_code


def export(job: Path, target: Path, models: Path) -> str:
    """Write a stage's merged model to `target`; return its answer to a short prompt.

    `job` is the output folder of the stage. RUN747 if `job` is not a finished training stage, or `target` exists;
    RUN746 if the saved weights differ, RUN729 if the merged or exported model answers otherwise than trained.
    """
    stage, merged = _stage_and_model(job)
    if target.exists():
        raise StageError("RUN747", f"`{target.name}` already exists", "choose a new folder with `--to`")
    if isinstance(stage, RewardStage):
        hint = "load it with `runtime.model.reward_model`, as PPO does"
        raise StageError("RUN747", f"`{job.name}` is a reward model, not a language model", hint)
    volumes = Volumes(models=models, data=job.parent, outputs=job.parent)
    check_model_files(merged, volumes)
    try:
        return _export(stage, merged, volumes, target)
    except Exception as error:
        failure = as_memory_failure(error, stage)
        if failure is None:
            raise
        raise failure from error


def _stage_and_model(job: Path) -> tuple[TrainingStage, ModelBlock]:
    """Return the stage that wrote `job`, and its model block extended by the trained weights."""
    hint = "use the output folder of a finished training stage"
    if not (job / CONFIG_FILE).is_file():
        raise StageError("RUN747", f"`{job.name}` has no `{CONFIG_FILE}`", hint)
    stage, config_sha256 = load_stage(job / CONFIG_FILE)
    document = read_complete(job, config_sha256)
    if not isinstance(stage, TrainingStage) or document is None:
        raise StageError("RUN747", f"`{job.name}` has no `{METRICS_FILE}` of a finished training stage", hint)
    weights = document["adapter"] or document["model"]
    # The folder may have been copied here under another name than the output in the metrics.
    own = f"{job.name}/{Path(weights).name}"
    block = stage.model.model_copy(update={"adapters": [*stage.model.adapters, own], "quantization": None})
    return stage, block


def _export(stage: TrainingStage, merged: ModelBlock, volumes: Volumes, target: Path) -> str:
    from runtime.model.merge import logits_of, noted_rows
    from runtime.train.save import check_saved

    tokenizer = load_tokenizer(merged, volumes)
    model = load_model(merged, volumes)
    rows = noted_rows(volumes.outputs / Path(merged.adapters[-1]).parent, model.get_input_embeddings().weight.shape[0])
    expected = logits_of(model, rows)
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    model.save_pretrained(temporary, max_shard_size="4GB")
    tokenizer.save_pretrained(temporary)
    found = check_saved(model, tokenizer, temporary)
    del model  # its memory is needed for the one that is read back
    _require_same_answers(temporary, target.name, rows, expected, own_code=merged.trust_remote_code)
    card = volumes.outputs / merged.adapters[-1] / CARD_FILE
    if card.is_file():
        text = card.read_text(encoding="utf-8").replace("library_name: peft", "library_name: transformers", 1)
        (temporary / CARD_FILE).write_text(text, encoding="utf-8")
    finish_folder(temporary, target)
    return str(found.get("answer", ""))


def _require_same_answers(
    folder: Path, name: str, rows: "list[list[int]]", expected: "list[Tensor]", *, own_code: bool
) -> None:
    """Read the exported model as its users will, and compare its logits; RUN729 if they differ."""
    from transformers import AutoModelForCausalLM

    from runtime.model.merge import logits_of, require_equal_logits, tolerance_of

    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, trust_remote_code=own_code)
    require_equal_logits(expected, logits_of(model, rows), f"the exported model `{name}`", tolerance_of(model))


if __name__ == "__main__":
    sys.exit(main())
