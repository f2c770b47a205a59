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
    "bf16": "the plan's `dtype`",
    "chat_template_kwargs": "the model's tokenizer, as in evaluations",
    "chat_template_path": "the model's tokenizer, as in evaluations",
    "data_seed": "`spec.seed`",
    "ddp_backend": "the runtime",
    "deepspeed": "the plan",
    "dataset_num_proc": "the runtime",
    "disable_tqdm": "the runtime",
    "do_eval": "the plan, which has evaluation stages",
    "enable_jit_checkpoint": "the runtime",
    "eos_token": "the model's tokenizer, as in evaluations",
    "eval_strategy": "the plan, which has evaluation stages",
    "fp16": "the plan's `dtype`",
    "fsdp": "the plan",
    "fsdp_config": "the plan",
    "hub_model_id": "the runtime, whose stages run offline",
    "hub_token": "the runtime, whose stages run offline",
    "local_rank": "the launcher",
    "model_init_kwargs": "the runtime",
    "output_dir": "the runtime",
    "pad_token": "the model's tokenizer, as in evaluations",
    "project": "the runtime",
    "push_to_hub": "the runtime, whose stages run offline",
    "report_to": "the runtime",
    "resume_from_checkpoint": "the runtime, which resumes automatically",
    "run_name": "the plan",
    "save_only_model": "the runtime, which must be able to resume",
    "seed": "`spec.seed`",
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
    "beta": 0,
    "epsilon": 0,
    "gamma": 0,
    "gradient_accumulation_steps": 1,
    "kl_coef": 0,
    "lam": 0,
    "max_completion_length": 1,
    "max_grad_norm": 0,
    "max_length": 1,
    "num_generations": 2,
    "num_iterations": 1,
    "num_mini_batches": 1,
    "num_ppo_epochs": 1,
    "per_device_train_batch_size": 1,
    "vf_coef": 0,
    "warmup_steps": 0,
    "weight_decay": 0,
}
ABOVE_ZERO = (
    "cliprange",
    "cliprange_value",
    "learning_rate",
    "logging_steps",
    "num_train_epochs",
    "save_steps",
    "temperature",
)
AT_MOST: dict[str, int] = {"gamma": 1, "lam": 1}

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
            kinds = " or ".join(known[name])
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
    return f"a number of at most {AT_MOST[name]}" if name in AT_MOST and not value <= AT_MOST[name] else ""


def _kind(value: object) -> str:
    return _PYTHON_KINDS.get(type(value), "str")


def _fits(value: object, kinds: list[str]) -> bool:
    return _kind(value) in kinds or (_kind(value) == "int" and "float" in kinds)
