"""What settings of a trainer need: a package, a GPU, or another setting.

The libraries check most of these only after they have loaded the model. The compiler checks them against the cluster
profile, a stage against its machine.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runtime.contract.trainer_choices import choices_of


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingFault:
    """A setting that cannot work, the reason, and what to do; `by_machine` if another machine could run it."""

    field: str
    message: str
    hint: str
    by_machine: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """Where a stage runs. `has_package` is None where that is not known yet, as for an image."""

    has_gpu: bool
    has_package: Callable[[str], bool] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A package and a GPU that a setting needs; `install` is the package's name for pip."""

    module: str = ""
    install: str = ""
    gpu: bool = False


_BITSANDBYTES = Need(module="bitsandbytes", install="bitsandbytes", gpu=True)
_TORCHAO = Need(module="torchao", install="torchao", gpu=True)
_GALORE = Need(module="galore_torch", install="galore-torch")
_LOMO = Need(module="lomo_optim", install="lomo-optim", gpu=True)
_SCHEDULE_FREE = Need(module="schedulefree", install="schedulefree")
_APOLLO = Need(module="apollo_torch", install="apollo-torch")
_COMPILE = Need(gpu=True)
_BITS = ("8bit", "32bit")

# `optim` → what it needs; those that are not listed need nothing, or are unknown
OPTIMIZERS: dict[str, Need] = {
    **dict.fromkeys(("adamw_torch", "adamw_torch_fused", "adafactor", "sgd", "adagrad", "rmsprop"), Need()),
    **dict.fromkeys(("adamw_8bit", "adamw_bnb_8bit", "ademamix", "ademamix_8bit", "rmsprop_bnb"), _BITSANDBYTES),
    **dict.fromkeys((f"lion_{bits}" for bits in _BITS), _BITSANDBYTES),
    **dict.fromkeys((f"rmsprop_bnb_{bits}" for bits in _BITS), _BITSANDBYTES),
    **dict.fromkeys(
        (f"paged_{kind}_{bits}" for kind in ("adamw", "ademamix", "lion") for bits in _BITS), _BITSANDBYTES
    ),
    **dict.fromkeys(("adamw_torch_4bit", "adamw_torch_8bit"), _TORCHAO),
    **dict.fromkeys(("galore_adamw", "galore_adafactor"), _GALORE),
    **dict.fromkeys(("galore_adamw_layerwise", "galore_adafactor_layerwise"), _GALORE),
    **dict.fromkeys(("galore_adamw_8bit", "galore_adamw_8bit_layerwise"), _BITSANDBYTES),
    **dict.fromkeys(("lomo", "adalomo"), _LOMO),
    **dict.fromkeys(("schedule_free_radam", "schedule_free_adamw", "schedule_free_sgd"), _SCHEDULE_FREE),
    **dict.fromkeys(("apollo_adamw", "apollo_adamw_layerwise"), _APOLLO),
    "grokadamw": Need(module="grokadamw", install="grokadamw"),
    "stable_adamw": Need(module="optimi", install="torch-optimi"),
}
# settings that need something when they are on
SWITCHES: dict[str, Need] = {
    "activation_offloading": Need(gpu=True),
    "bf16_full_eval": Need(gpu=True),
    "fp16": Need(gpu=True),
    "fp16_full_eval": Need(gpu=True),
    "tf32": Need(gpu=True),
    "torch_compile": _COMPILE,
    "torch_compile_backend": _COMPILE,
    "torch_compile_mode": _COMPILE,
    "use_liger_kernel": Need(module="liger_kernel", install="liger-kernel", gpu=True),
    "use_transformers_continuous_batching": Need(gpu=True),
    "use_transformers_paged": Need(gpu=True),
    "use_vllm": Need(module="vllm", install="vllm", gpu=True),
}
# `lr_scheduler_type` → keys of `lr_scheduler_kwargs`, of which one is needed
_SCHEDULES: dict[str, tuple[str, ...]] = {
    "cosine_with_min_lr": ("min_lr", "min_lr_rate"),
    "cosine_warmup_with_min_lr": ("min_lr", "min_lr_rate"),
    "warmup_stable_decay": ("num_decay_steps",),
}
# fields that the libraries let be null, but that the runtime computes with
_NOT_NULL = ("max_completion_length", "num_generations")
_WITH_WORKERS = ("dataloader_multiprocessing_context", "dataloader_persistent_workers", "dataloader_prefetch_factor")


def setting_faults(
    method: str, trainer: Mapping[str, Any], machine: Machine, *, has_adapter: bool
) -> Iterator[SettingFault]:
    """Yield the faults of a method's `trainer` settings, in no particular order."""
    for name, value in trainer.items():
        yield from _unknown_words(method, name, value)
        if name == "optim":
            yield from _unmet(name, value, OPTIMIZERS.get(value, Need()), machine)
        elif value and name in SWITCHES:
            yield from _unmet(name, value, SWITCHES[name], machine)
    yield from _alone(trainer, has_adapter)


def _unknown_words(method: str, name: str, value: Any) -> Iterator[SettingFault]:
    words = tuple(OPTIMIZERS) if name == "optim" else choices_of(method, name)
    if not words or value is None or isinstance(value, bool):
        return
    given = value if isinstance(value, list) else [value]
    wrong = [each for each in given if each not in words]
    if wrong or not given:
        found = f"not `{wrong[0]}`" if wrong else "and at least one of them"
        names = ", ".join(f"`{word}`" for word in words)
        message = f"`{name}` of `{method}` takes {names}, {found}"
        yield SettingFault(field=name, message=message, hint=f"use a value that the message names for `{name}`")


def _unmet(name: str, value: Any, need: Need, machine: Machine) -> Iterator[SettingFault]:
    setting = f"`{name}: {str(value).lower() if isinstance(value, bool) else value}`"
    if need.gpu and not machine.has_gpu:
        hint = f"use a machine with a GPU, or remove `{name}`"
        yield SettingFault(field=name, message=f"{setting} needs a GPU", hint=hint, by_machine=True)
    elif need.module and machine.has_package is not None and not machine.has_package(need.module):
        message = f"{setting} needs the package `{need.install}`, which is not installed"
        hint = f"use an image with `{need.install}`, or remove `{name}`"
        yield SettingFault(field=name, message=message, hint=hint, by_machine=True)


def _alone(trainer: Mapping[str, Any], has_adapter: bool) -> Iterator[SettingFault]:
    """Yield settings that need another one, which is missing, or exclude one that is set."""
    get = trainer.get
    schedule, extra = get("lr_scheduler_type"), get("lr_scheduler_kwargs") or {}
    keys = _SCHEDULES.get(str(schedule), ())
    if keys and not any(key in extra for key in keys):
        names = " or ".join(f"`{key}`" for key in keys)
        message = f"`lr_scheduler_type: {schedule}` needs {names} in `lr_scheduler_kwargs`"
        yield SettingFault(field="lr_scheduler_type", message=message, hint=f"add {names} to `lr_scheduler_kwargs`")
    if get("max_steps") == 0:
        message = "`max_steps: 0` trains nothing"
        yield SettingFault(field="max_steps", message=message, hint="remove it: `num_train_epochs` sets the length")
    steps, warmup = get("max_steps") or 0, get("warmup_steps") or 0
    if steps > 0 and warmup > 1 and warmup >= steps:
        message = f"`warmup_steps: {warmup}` leaves no step of `max_steps: {steps}` at the full learning rate"
        hint = "lower `warmup_steps`; below 1 it is a share of the steps"
        yield SettingFault(field="warmup_steps", message=message, hint=hint)
    for name in _NOT_NULL:
        if name in trainer and get(name) is None:
            yield SettingFault(field=name, message=f"`{name}` is null", hint=f"set `{name}` to a number, or remove it")
    if get("sync_ref_model"):
        if has_adapter:
            message = "`sync_ref_model` needs a second model, but with an adapter the reference is the model without it"
            yield SettingFault(field="sync_ref_model", message=message, hint="remove it, or use `tuning: full`")
        if get("precompute_ref_log_probs"):
            message = "`sync_ref_model` changes the reference, but `precompute_ref_log_probs` fixes it"
            yield SettingFault(field="sync_ref_model", message=message, hint="remove one of the two")
    if get("padding_free") and not get("packing") and get("max_length") is not None:
        message = "`padding_free` without `packing` does not enforce `max_length`"
        yield SettingFault(field="padding_free", message=message, hint="set `packing: true`, or `max_length: null`")
    if get("packing") and "max_length" in trainer and get("max_length") is None:
        message = "`packing` fills rows of `max_length` tokens, which is null"
        yield SettingFault(field="packing", message=message, hint="set `max_length`")
    if "exo_pair" in (get("loss_type") or ()) and not get("label_smoothing"):
        message = "the loss `exo_pair` needs `label_smoothing` above 0"
        yield SettingFault(field="loss_type", message=message, hint="set `label_smoothing: 0.001`")
    for name in _WITH_WORKERS:
        if get(name) and not get("dataloader_num_workers"):
            hint = "set `dataloader_num_workers`, or remove it"
            yield SettingFault(field=name, message=f"`{name}` needs `dataloader_num_workers` above 0", hint=hint)
    if get("use_weighting") and {"aot", "aot_unpaired"} & set(get("loss_type") or ()):
        message = "`use_weighting` weights pairs, but the losses `aot` and `aot_unpaired` sort them"
        yield SettingFault(field="use_weighting", message=message, hint="remove `use_weighting`, or use another loss")
