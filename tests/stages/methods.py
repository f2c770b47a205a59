"""One small stage on the tiny model for each training method, for the tests of interruptions and the matrix."""

import shutil
from pathlib import Path
from typing import Any

STEPS = 12
TRAINER = {"max_steps": STEPS, "per_device_train_batch_size": 2, "max_length": 256, "save_steps": 3}
# a careless resume gets dropout wrong
PEFT = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.1, "target_modules": "all-linear"}
SAMPLED = {"per_device_train_batch_size": 4, "max_completion_length": 12, "max_length": None}
REWARDS = [{"use": "length", "weight": 1.0, "options": {"most": 12}}]


def turns(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


def question(index: int) -> str:
    return f"第 {index} 题: " + "how many singers? " * (1 + index % 3)


ROWS: dict[str, Any] = {
    "text": lambda index: {"text": question(index)},
    "prompt-completion": lambda index: {
        "prompt": turns("user", question(index)),
        "completion": turns("assistant", f"SELECT count(*) FROM t{index}"),
    },
    "chain": lambda index: {
        "prompt": turns("user", question(index)),
        "completion": turns("assistant", f"{index}"),
        "chain": f"there are {index} tables, so count them",
    },
    "preference": lambda index: {
        "prompt": turns("user", question(index)),
        "chosen": turns("assistant", f"SELECT count(*) FROM t{index}"),
        "rejected": turns("assistant", f"SELECT name FROM t{index}"),
        "cluster": f"{index}",
    },
    "unpaired-preference": lambda index: {
        "prompt": turns("user", question(index)),
        "completion": turns("assistant", f"SELECT {index}"),
        "label": index % 2 == 0,
    },
    "prompt": lambda index: {"prompt": turns("user", question(index))},
}
TEACHER = {
    "name": "teacher",
    "revision": "1",
    "access": "weights",
    "license": "apache-2.0",
    "outputs_may_train": True,
    "shares_vocabulary": True,
}
# method: shape of its rows, its own fields, its own trainer settings
METHODS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "cpt": ("text", {"replay_share": 0.0}, {"packing": True, "max_length": 64}),
    "sft": ("prompt-completion", {}, {"gradient_accumulation_steps": 2}),
    "cot": ("chain", {"answer_marker": "####"}, {}),
    "latent-cot": (
        "chain",
        {
            "answer_marker": "####",
            "curriculum": {"remove_tokens": 12, "epochs_per_removal": 1, "reset_optimizer": True},
        },
        {"max_steps": None, "per_device_train_batch_size": 8, "num_train_epochs": 1},
    ),
    "dpo": ("preference", {}, {"disable_dropout": False}),
    "kto": ("unpaired-preference", {}, {"per_device_train_batch_size": 4}),
    "reward": ("preference", {"held_out_share": 0.2}, {}),
    "grpo": ("prompt", {"rewards": REWARDS}, {**SAMPLED, "num_generations": 4}),
    "ppo": ("prompt", {"rewards": REWARDS, "reward_model": None}, SAMPLED),
    "distill": (
        "prompt",
        {"teacher": TEACHER, "distillation": {"on_policy": True, "same_vocabulary": True}},
        SAMPLED,
    ),
}


def write_teacher(models: Path) -> None:
    """Write `teacher/1`: the tiny model with larger weights, so that its distribution differs."""
    from safetensors.numpy import load_file, save_file

    teacher = models / "teacher" / "1"
    if not teacher.exists():
        shutil.copytree(models / "tiny" / "1", teacher)
        weights = load_file(teacher / "model.safetensors")
        save_file(
            {name: 3 * tensor for name, tensor in weights.items()}, teacher / "model.safetensors", {"format": "pt"}
        )


def config_of(workspace: Any, method: str, output: str, **fields: Any) -> dict[str, Any]:
    """Write the method's rows and return its config, for a tiny model and the output folder named."""
    shape, own, trainer = METHODS[method]
    if method == "distill":
        write_teacher(workspace.models)
    # every method is interrupted after its first epoch: each answer of a group counts as a row, so prompts are few
    count = 6 if method in ("grpo", "ppo") else 24
    rows = [{"id": f"row-{index}", **ROWS[shape](index)} for index in range(count)]
    settings = {name: value for name, value in {**TRAINER, **trainer}.items() if value is not None}
    return {
        "schema": "trainspec.dev/stage/v1",
        "plan": "plan",
        "stage": method,
        "method": method,
        "output": output,
        "seed": 7,
        "model": {"path": "tiny/1", "adapters": [], "dtype": "float32", "trust_remote_code": False},
        "data": [workspace.write_rows(f"{shape}-{count}.jsonl", rows, shape)],
        "peft": PEFT,
        "trainer": {"learning_rate": 0.001, **settings},
        **own,
        **fields,
    }
