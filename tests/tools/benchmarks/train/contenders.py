"""The contenders: for each the command that trains a workload, and the files that it reads."""

import hashlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from tools.benchmarks.train.work import SEED, SHAPE_OF_ROWS, Workload

from compiler.spec.methods import METHODS

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[3]
REWARD = '''"""The reward of the comparison: more characters, more reward. What it says does not matter, only that it varies."""


def characters(completions, **columns):
    """One number for each completion."""
    return [float(len(completion[0]["content"] if isinstance(completion, list) else completion)) for completion in completions]
'''


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a workload lies: the model's folder, `data/rows.jsonl`, and a folder that one run may fill."""

    models: Path
    data: Path
    run: Path
    has_gpu: bool
    has_bf16: bool

    @property
    def rows(self) -> Path:
        """The rows of the workload."""
        return self.data / "rows.jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A command and what it needs in its environment."""

    command: list[str]
    environment: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """`missing` says why a contender cannot take part, or is empty; `takes` selects its workloads."""

    name: str
    prepare: Callable[[Workload, Place], Run]
    methods: tuple[str, ...] = ("sft", "dpo", "grpo")
    missing: str = ""
    takes: Callable[[Workload], bool] = lambda work: True


def contenders() -> list[Contender]:
    """All, ours first; the others' interpreters come from the environment."""
    return [
        Contender(name="ours", prepare=ours, methods=_our_methods()),
        Contender(name="ours, packed", prepare=ours_packed, methods=("sft",), takes=lambda work: bool(work.packed)),
        Contender(name="hand", prepare=hand),
        Contender(name="trl cli", prepare=trl_cli),
        _other("llamafactory", llamafactory, ("sft", "dpo"), "LLAMAFACTORY_PYTHON"),
        _other("axolotl", axolotl, ("sft",), "AXOLOTL_PYTHON"),
    ]


def trainer_block(work: Workload) -> dict[str, Any]:
    """The `trainer` block as a plan renders it: the method's defaults, and what the workload's spec overrides."""
    block: dict[str, Any] = {each.field: each.value for each in METHODS[work.method].defaults}
    return block | {"max_steps": work.steps} | work.trainer


def ours(work: Workload, place: Place) -> Run:
    """`python -m runtime CONFIG`, as in a Job."""
    data = {"path": "rows.jsonl", "shape": SHAPE_OF_ROWS[work.method], "sha256": _digest(place.rows)}
    document = {
        "schema": "trainspec.dev/stage/v1",
        "plan": "bench",
        "stage": work.method,
        "method": work.method,
        "output": "bench",
        "seed": SEED,
        "model": {"path": work.model, "adapters": [], "dtype": work.dtype, "trust_remote_code": False},
        "data": [{**data, "rows": _count(place.rows)}],
        "peft": work.lora,
        "trainer": trainer_block(work),
    }
    if work.method == "grpo":
        (place.data / "bench_reward.py").write_text(REWARD, encoding="utf-8")
        document["rewards"] = [{"use": "bench_reward:characters", "weight": 1.0}]
    config = place.run / "config.yaml"
    config.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    (place.run / "outputs").mkdir()
    volumes = {
        "TRAINSPEC_MODELS": str(place.models),
        "TRAINSPEC_DATA": str(place.data),
        "TRAINSPEC_OUTPUTS": str(place.run / "outputs"),
        "TRAINSPEC_TERMINATION_LOG": str(place.run / "termination.json"),
        "PYTHONPATH": str(REPOSITORY),
    }
    return Run(command=[sys.executable, "-m", "runtime", str(config)], environment=volumes)


def ours_packed(work: Workload, place: Place) -> Run:
    """The same by a plan that packs rows into full sequences: other rows in a step, so another loss."""
    return ours(replace(work, trainer=work.packed), place)


def hand(work: Workload, place: Place) -> Run:
    """The shortest honest script, with all settings of a plan: batches, order, precision, no checkpointing."""
    args = trainer_block(work)
    args |= {"output_dir": str(place.run / "out"), "seed": SEED, "report_to": "none", "bf16": place.has_bf16}
    if not place.has_gpu:
        args["use_cpu"] = True
    if work.dtype != "float32":
        args["model_init_kwargs"] = {"dtype": work.dtype}
    given = {
        "model": str(place.models / work.model),
        "rows": str(place.rows),
        "args": args,
        "lora": work.lora,
        "reward_folder": str(place.data),
    }
    (place.data / "bench_reward.py").write_text(REWARD, encoding="utf-8")
    path = place.run / "given.json"
    path.write_text(json.dumps(given, indent=2), encoding="utf-8")
    return Run(command=[sys.executable, str(HERE / f"hand_{work.method}.py"), str(path)], environment={})


def trl_cli(work: Workload, place: Place) -> Run:
    """`trl sft`, `trl dpo`, `trl grpo`: the same batch and learning rate, and TRL's defaults for all else."""
    block = trainer_block(work)
    kept = (
        "learning_rate",
        "per_device_train_batch_size",
        "gradient_accumulation_steps",
        "max_steps",
        "num_generations",
    )
    kept += ("max_completion_length", "generation_kwargs", "logging_steps")
    settings: dict[str, Any] = {name: block[name] for name in kept if name in block}
    settings |= {
        "model_name_or_path": str(place.models / work.model),
        "dataset_name": str(_only_rows(place)),
        "output_dir": str(place.run / "out"),
        "report_to": "none",
        "seed": SEED,
    }
    if not place.has_gpu:
        settings["use_cpu"] = True
        if not place.has_bf16:
            settings["bf16"] = False  # else it refuses to start
    if work.lora:
        settings |= {"use_peft": True, "lora_r": work.lora["r"], "lora_alpha": int(work.lora["lora_alpha"])}
        settings |= {"lora_dropout": work.lora["lora_dropout"], "lora_target_modules": [work.lora["target_modules"]]}
    # `trl` starts the script by `accelerate launch`, which leaves one thread to each process where nothing is said.
    environment = {"OMP_NUM_THREADS": str(len(os.sched_getaffinity(0)))}
    if work.method == "grpo":
        (place.data / "bench_reward.py").write_text(REWARD, encoding="utf-8")
        settings["reward_funcs"] = ["bench_reward.characters"]
        environment["PYTHONPATH"] = str(place.data)
    path = place.run / "cli.yaml"
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    trl = str(Path(sys.executable).parent / "trl")
    return Run(command=[trl, work.method, "--config", str(path)], environment=environment)


def llamafactory(work: Workload, place: Place) -> Run:
    """`llamafactory-cli train`, with its defaults and the same batch, length limit, LoRA and learning rate."""
    block = trainer_block(work)
    columns = {"prompt": "prompt", "response": "completion"}
    described: dict[str, Any] = {"file_name": str(_flat_rows(work, place)), "columns": columns}
    settings: dict[str, Any] = {
        "stage": work.method,
        "do_train": True,
        "model_name_or_path": str(place.models / work.model),
        "dataset": "rows",
        "dataset_dir": str(place.run),
        "template": "smollm2" if "smollm2" in work.model else "chatml",
        "cutoff_len": block["max_length"],
        "output_dir": str(place.run / "out"),
        "logging_steps": 1,
        "report_to": "none",
        "seed": SEED,
        "bf16": place.has_bf16,
        "use_cpu": not place.has_gpu,
        "finetuning_type": "lora" if work.lora else "full",
        **{name: block[name] for name in ("learning_rate", "per_device_train_batch_size", "max_steps")},
    }
    if work.lora:
        settings |= {"lora_rank": work.lora["r"], "lora_alpha": int(work.lora["lora_alpha"]), "lora_target": "all"}
    if work.method == "dpo":
        described |= {"ranking": True, "columns": {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}}
        settings |= {"pref_beta": block["beta"], "pref_loss": "sigmoid"}
    (place.run / "dataset_info.json").write_text(json.dumps({"rows": described}), encoding="utf-8")
    path = place.run / "llamafactory.yaml"
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    command = [str(Path(os.environ["LLAMAFACTORY_PYTHON"]).parent / "llamafactory-cli"), "train", str(path)]
    return Run(command=command, environment={"DISABLE_VERSION_CHECK": "1"})


def axolotl(work: Workload, place: Place) -> Run:
    """`axolotl train`, with its defaults and the same batch, length limit, LoRA and learning rate."""
    block = trainer_block(work)
    settings: dict[str, Any] = {
        "base_model": str(place.models / work.model),
        "datasets": [{"path": str(_conversations(place)), "ds_type": "json", "type": "chat_template"}],
        "val_set_size": 0,
        "sequence_len": block["max_length"],
        "micro_batch_size": block["per_device_train_batch_size"],
        "gradient_accumulation_steps": block["gradient_accumulation_steps"],
        "max_steps": work.steps,
        "learning_rate": block["learning_rate"],
        "lr_scheduler": block["lr_scheduler_type"],
        "optimizer": "adamw_torch",
        "bf16": place.has_gpu,  # on a CPU it has no setting for a trainer without a GPU, and bf16 is refused
        "logging_steps": 1,
        "seed": SEED,
        "output_dir": str(place.run / "out"),
        "dataset_prepared_path": str(place.run / "prepared"),
    }
    if work.lora:
        settings |= {"adapter": "lora", "lora_r": work.lora["r"], "lora_alpha": work.lora["lora_alpha"]}
        settings |= {"lora_dropout": work.lora["lora_dropout"], "lora_target_linear": True}
    if not place.has_gpu:  # it assumes its CUDA kernels
        settings |= {"lora_mlp_kernel": False, "lora_qkv_kernel": False, "lora_o_kernel": False}
    path = place.run / "axolotl.yaml"
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    python = os.environ["AXOLOTL_PYTHON"]
    return Run(command=[python, "-m", "axolotl.cli.train", str(path)], environment={"AXOLOTL_DO_NOT_TRACK": "1"})


def _our_methods() -> tuple[str, ...]:
    from runtime.contract.methods import METHODS

    return tuple(METHODS)


def _other(name: str, prepare: Callable[[Workload, Place], Run], methods: tuple[str, ...], variable: str) -> Contender:
    python = os.environ.get(variable, "")
    missing = "" if python and Path(python).exists() else f"`{variable}` names no interpreter that has it"
    return Contender(name=name, prepare=prepare, methods=methods, missing=missing)


def _only_rows(place: Place) -> Path:
    """A folder with nothing but the rows: `trl` loads every data file of a folder."""
    folder = place.run / "dataset"
    folder.mkdir()
    (folder / "train.jsonl").symlink_to(place.rows)
    return folder


def _flat_rows(work: Workload, place: Place) -> Path:
    """The rows as plain text: the contender puts them into its own template."""

    def flat(value: object) -> object:
        return "\n".join(turn["content"] for turn in value) if isinstance(value, list) else value

    path = place.run / "rows.json"
    lines = place.rows.read_text(encoding="utf-8").splitlines()
    rows = [{name: flat(value) for name, value in json.loads(line).items()} for line in lines]
    path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return path


def _conversations(place: Place) -> Path:
    """The rows as one conversation each; loss on the assistant's turns, as is that contender's default."""
    path = place.run / "rows.jsonl"
    lines = place.rows.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    talks = [{"messages": [*row["prompt"], *row["completion"]]} for row in rows]
    path.write_text("".join(json.dumps(talk, ensure_ascii=False) + "\n" for talk in talks), encoding="utf-8")
    return path


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())
