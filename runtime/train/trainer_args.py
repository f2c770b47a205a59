"""The trainer's arguments: TRL's config, LoRA settings, and experiment trackers.

The runtime adds the fields that depend on the machine and on the output folder.
"""

import dataclasses
import difflib
import importlib.util
import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ConfigDict, PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError

from runtime.contract.errors import StageError
from runtime.contract.stages import AnyStage
from runtime.contract.trainer_needs import Machine, setting_faults
from runtime.contract.training_stages import TrainingStage
from runtime.contract.volumes import Volumes
from runtime.distributed.sharding import sharding
from runtime.model.cpu import has_fast_bfloat16
from runtime.train.rehearsal import rehearse

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import TrainingArguments

Config = TypeVar("Config", bound="TrainingArguments")

TRACKING_FOLDER = "tracking"
# Only the runtime sets these fields: a plan that set them could break the contract on outputs.
RESERVED = (
    "output_dir",
    "seed",
    "use_cpu",
    "report_to",
    "disable_tqdm",
    "push_to_hub",
    "enable_jit_checkpoint",
    "save_only_model",
    "resume_from_checkpoint",
    "trust_remote_code",
    "dataset_num_proc",
    "model_init_kwargs",
    "eval_strategy",
    "do_eval",
    "fsdp",
    "fsdp_config",
    "deepspeed",
    "ddp_backend",
    # Evaluations, samples and exports use the model's tokenizer as it is.
    "chat_template_kwargs",
    "chat_template_path",
    "eos_token",
    "pad_token",
    "accelerator_config",
    "eval_on_start",
    "load_best_model_at_end",
    "log_completions_hub_repo",
    "metric_for_best_model",
    "parallelism_config",
    "teacher_model_init_kwargs",
    "teacher_model_name_or_path",
    "teacher_model_revision",
)


def trainer_args(config: type[Config], stage: TrainingStage, folder: Path) -> Config:
    """Return a `config` with the stage's `trainer` fields; RUN702 names every rejected one.

    Defaults of the runtime: logging at each step, ten checkpoints, no gradient checkpointing, and bf16 mixed precision
    if the hardware has it.
    """
    import torch

    known = _field_types(config)
    faults = [fault for name, value in stage.trainer.items() if (fault := _fault(known, name, value))]
    if faults:
        raise StageError("RUN702", "; ".join(faults), f"use the fields of `{config.__name__}` in `trainer`")
    has_gpu = torch.cuda.is_available()
    has_bf16 = torch.cuda.is_bf16_supported() if has_gpu else has_fast_bfloat16()
    defaults: dict[str, Any] = {
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_steps": 0.1,
        "gradient_checkpointing": False,
        "bf16": has_bf16 and not stage.trainer.get("fp16", False),
    }
    owned: dict[str, Any] = {
        "output_dir": str(folder),
        "seed": stage.seed,
        "use_cpu": not has_gpu,
        "report_to": list(stage.tracking) or "none",
        "run_name": stage.output,
        "project": stage.plan,
        **sharding(stage, has_gpu=has_gpu),
        "disable_tqdm": True,
        # The newest checkpoint may be half-written, so keep the one before it.
        "save_total_limit": max(2, stage.trainer.get("save_total_limit") or 2),
    }
    configure_trackers(stage, folder.parent)
    _require_settings(stage, has_gpu=has_gpu)
    try:
        args: Config = config(**{**defaults, **stage.trainer, **owned})
        rehearse(args)
    except Exception as error:  # the libraries raise errors of any type
        message = f"`{config.__name__}` rejects `trainer`: {' '.join(str(error).split()) or type(error).__name__}"
        raise StageError("RUN702", message, "change the training settings of the spec and compile it again") from error
    return args


def _require_settings(stage: TrainingStage, *, has_gpu: bool) -> None:
    """Raise RUN702 or RUN732 with all settings that cannot work, or not on this machine."""
    machine = Machine(has_gpu=has_gpu, has_package=lambda name: importlib.util.find_spec(name) is not None)
    method = str(stage.model_dump()["method"])
    faults = list(setting_faults(method, stage.trainer, machine, has_adapter=stage.peft is not None))
    if faults:
        code = "RUN732" if all(fault.by_machine for fault in faults) else "RUN702"
        raise StageError(code, "; ".join(fault.message for fault in faults), faults[0].hint)


def lora_config(stage: TrainingStage, volumes: Volumes, *, scores: bool = False) -> "LoraConfig | None":
    """Return the LoRA settings, None for full fine-tuning.

    RUN702 if PEFT rejects them, or they do not fit the model, whose weights are not loaded for that. With `scores`, the
    settings are for a reward model, whose new head is trained and saved whole.
    """
    from peft import LoraConfig

    from runtime.model.targets import check_targets

    if stage.peft is None:
        return None
    settings = stage.peft.as_arguments()
    if scores:
        settings["modules_to_save"] = [*settings.get("modules_to_save", ()), "score"]
    try:
        config = LoraConfig(task_type="SEQ_CLS" if scores else "CAUSAL_LM", **settings)
    except (ValueError, TypeError) as error:
        message = f"PEFT rejects `peft`: {error}"
        raise StageError("RUN702", message, "change the LoRA settings of the spec and compile it again") from error
    check_targets(config, stage.model, volumes)
    return config


def check_trackers(stage: AnyStage) -> None:
    """Raise RUN745 if a tracker is not installed.

    The trainer would report it only after loading the model.
    """
    named = stage.tracking if isinstance(stage, TrainingStage) else []
    missing = [name for name in named if importlib.util.find_spec(name) is None]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        message = f"`tracking` names packages that are not installed: {names}"
        raise StageError("RUN745", message, "run `pip install 'trainspec[tracking]'`, or remove them from `tracking`")


def configure_trackers(stage: TrainingStage, output: Path) -> None:
    """Set the environment that the trackers read, so that each writes below `output`/tracking."""
    if not stage.tracking:
        return
    places = {name: output / TRACKING_FOLDER / name for name in stage.tracking}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    if "tensorboard" in places:
        os.environ["TENSORBOARD_LOGGING_DIR"] = str(places["tensorboard"])
    if "trackio" in places:
        os.environ["TRACKIO_DIR"] = str(places["trackio"])
    if "mlflow" in places:
        os.environ["MLFLOW_TRACKING_URI"] = places["mlflow"].as_uri()
        os.environ["MLFLOW_EXPERIMENT_NAME"] = stage.plan
        # Only the file store needs no server; MLflow 3 requires this opt-in.
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"


def _field_types(config: type) -> dict[str, Any]:
    """Return the types of a config's fields as declared; an argument parser of the libraries changes those in use."""
    declared: dict[str, Any] = {}
    for each in reversed(config.__mro__):
        declared |= inspect.get_annotations(each)
    return {each.name: declared[each.name] for each in dataclasses.fields(config) if each.init}


def _fault(known: dict[str, Any], name: str, value: Any) -> str | None:
    if name in RESERVED:
        return f"`trainer.{name}` is set by the runtime"
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        return f"`trainer.{name}` is unknown" + (f", did you mean `{close[0]}`?" if close else "")
    field_type = known[name]
    try:
        strict = TypeAdapter(field_type, config=ConfigDict(strict=True))
        strict.validate_python(value)
    except (PydanticSchemaGenerationError, PydanticUserError):
        return None  # a type of the library: its config checks it
    except ValidationError as error:
        first = error.errors()[0]
        # Strict mode requires the member of an enumeration, but a plan can only contain its value.
        if isinstance(value, str) and first["type"] in ("enum", "is_instance_of") and _is_member(field_type, value):
            return None
        return f"`trainer.{name}`: {first['msg'].lower()}, not `{value}`"
    return None


def _is_member(field_type: Any, value: str) -> bool:
    try:
        TypeAdapter(field_type).validate_python(value)
    except ValidationError:
        return False
    return True
