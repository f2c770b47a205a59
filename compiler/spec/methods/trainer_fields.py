"""The trainer fields of the pinned TRL, to check overrides without importing TRL.

`trl_fields.json` is generated from the installed TRL; a contract test keeps it in step.
"""

import difflib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.spec.methods import METHODS
from compiler.spec.yaml.document import FieldPath, SourceDocument
from runtime.contract.methods import OWNED

# field → what sets it: a spec that set it would break resuming, isolation or review
RUNTIME_FIELDS: dict[str, str] = {
    "accelerator_config": "the runtime",
    "bf16": "the plan's `dtype`",
    "chat_template_kwargs": "the model's tokenizer, as in evaluations",
    "chat_template_path": "the model's tokenizer, as in evaluations",
    "data_seed": "`spec.seed`",
    "dataset_num_proc": "the runtime",
    "ddp_backend": "the runtime",
    "deepspeed": "the plan",
    "disable_tqdm": "the runtime",
    "do_eval": "the plan, which has evaluation stages",
    "enable_jit_checkpoint": "the runtime",
    "eos_token": "the model's tokenizer, as in evaluations",
    "eval_on_start": "the plan, which has evaluation stages",
    "eval_strategy": "the plan, which has evaluation stages",
    "fp16": "the plan's `dtype`",
    "fsdp": "the plan",
    "fsdp_config": "the plan",
    "hub_model_id": "the runtime, whose stages run offline",
    "hub_token": "the runtime, whose stages run offline",
    "load_best_model_at_end": "the plan, which has evaluation stages",
    "local_rank": "the launcher",
    "log_completions_hub_repo": "the runtime, whose stages run offline",
    "metric_for_best_model": "the plan, which has evaluation stages",
    "model_init_kwargs": "the runtime",
    "output_dir": "the runtime",
    "pad_token": "the model's tokenizer, as in evaluations",
    "parallelism_config": "the plan",
    "project": "the runtime",
    "push_to_hub": "the runtime, whose stages run offline",
    "report_to": "the runtime",
    "resume_from_checkpoint": "the runtime, which resumes automatically",
    "run_name": "the plan",
    "save_only_model": "the runtime, which must be able to resume",
    "seed": "`spec.seed`",
    "teacher_model_init_kwargs": "`spec.teacher`",
    "teacher_model_name_or_path": "`spec.teacher`",
    "teacher_model_revision": "`spec.teacher`",
    "trust_remote_code": "`spec.model.trustRemoteCode`",
    "use_cpu": "the cluster profile",
}

# TRL no longer has a PPO trainer: these are the fields of the runtime's own, in addition to those of every trainer
PPO_FIELDS: dict[str, list[str]] = {
    "cliprange": ["float"],
    "cliprange_value": ["float"],
    "gamma": ["float"],
    "kl_coef": ["float"],
    "lam": ["float"],
    "max_completion_length": ["int"],
    "num_mini_batches": ["int"],
    "num_ppo_epochs": ["int"],
    "temperature": ["float"],
    "vf_coef": ["float"],
    "whiten_rewards": ["bool"],
}

# the smallest value that a trainer can use
AT_LEAST: dict[str, int] = {
    "adam_beta1": 0,
    "adam_beta2": 0,
    "beta": 0,
    "dataloader_num_workers": 0,
    "dataloader_prefetch_factor": 1,
    "epsilon": 0,
    "epsilon_high": 0,
    "gamma": 0,
    "generation_batch_size": 1,
    "gradient_accumulation_steps": 1,
    "kl_coef": 0,
    "label_smoothing": 0,
    "label_smoothing_factor": 0,
    "lam": 0,
    "max_completion_length": 1,
    "max_grad_norm": 0,
    "max_length": 1,
    "min_p": 0,
    "neftune_noise_alpha": 0,
    "num_generations": 2,
    "num_generations_eval": 1,
    "num_iterations": 1,
    "num_mini_batches": 1,
    "num_ppo_epochs": 1,
    "pad_to_multiple_of": 1,
    "per_device_train_batch_size": 1,
    "precompute_ref_batch_size": 1,
    "ref_model_sync_steps": 1,
    "steps_per_generation": 1,
    "top_k": 0,
    "top_p": 0,
    "vf_coef": 0,
    "warmup_steps": 0,
    "weight_decay": 0,
}
ABOVE_ZERO = (
    "adam_epsilon",
    "cliprange",
    "cliprange_value",
    "learning_rate",
    "logging_steps",
    "num_train_epochs",
    "repetition_penalty",
    "save_steps",
    "temperature",
)
AT_MOST: dict[str, int] = {
    "gamma": 1,
    "label_smoothing": 1,
    "label_smoothing_factor": 1,
    "lam": 1,
    "min_p": 1,
    "top_p": 1,
}
# 1 itself is too much: each step would divide by 0
BELOW_ONE = ("adam_beta1", "adam_beta2")

MAX_KEY = 200  # YAML allows at most 1,024 characters for a key in one line

_PYTHON_KINDS = {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict", type(None): "null"}


@cache
def trl_fields() -> Mapping[str, Mapping[str, list[str]]]:
    """Return config class → field → kinds of value, of the pinned TRL and our own PPO config."""
    table = json.loads((Path(__file__).parent / "trl_fields.json").read_text(encoding="utf-8"))
    configs: dict[str, Mapping[str, list[str]]] = table["configs"]
    return configs | {"PPOConfig": {**configs["TrainingArguments"], **PPO_FIELDS}}


def check_trainer(
    method: str, values: Mapping[str, object], at: FieldPath, document: SourceDocument
) -> Iterator[Diagnostic]:
    """Yield the diagnostics of the trainer block of `method`, at the field path `at` of a spec."""
    if not values:
        return
    row = METHODS[method]
    known, own = trl_fields()[row.trl_config], {**RUNTIME_FIELDS, **OWNED.get(method, {})}
    for name, value in values.items():
        path = (*at, name)
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean `{close[0]}`?" if close else f"use a field of the trainer config `{row.trl_config}`"
            message = f"`{method}` has no trainer field `{name}`"
            yield diagnostic("CHK208", message, document.at(path, key=True), hint=hint)
        elif name in own:
            message, hint = f"a spec cannot set `{name}`", f"remove it: it is set by {own[name]}"
            yield diagnostic("CHK209", message, document.at(path, key=True), hint=hint)
        elif not _fits(value, known[name]):
            kinds = " or ".join(kind for kind in known[name] if kind != "str" or "dict" not in known[name])
            yield diagnostic(
                "CHK213",
                f"`{name}` takes {kinds}, not {_kind(value)}",
                document.at(path),
                hint=f"use a value of type {kinds}",
            )
        elif range_ := missed_range(name, value):
            message = f"`{name}` takes {range_}, not {value}"
            yield diagnostic("CHK213", message, document.at(path), hint=f"use {range_}")
        elif isinstance(value, dict) and any(len(key) > MAX_KEY for key in value):
            message = f"`{name}` has a key of more than {MAX_KEY} characters"
            yield diagnostic("CHK213", message, document.at(path), hint="shorten the key")


def missed_range(name: str, value: object) -> str:
    """Return the range that a number of this name violates; empty without a violation."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return ""
    if name in ABOVE_ZERO and not value > 0:
        return "a number above 0"
    if name in AT_LEAST and not value >= AT_LEAST[name]:
        return f"a number of at least {AT_LEAST[name]}"
    if name in BELOW_ONE and not value < 1:
        return "a number below 1"
    return f"a number of at most {AT_MOST[name]}" if name in AT_MOST and not value <= AT_MOST[name] else ""


def _kind(value: object) -> str:
    return _PYTHON_KINDS.get(type(value), "str")


def _fits(value: object, kinds: list[str]) -> bool:
    if "dict" in kinds and isinstance(value, str):  # the libraries read it as JSON from a command line, or as a file
        return False
    return _kind(value) in kinds or (_kind(value) == "int" and "float" in kinds)
