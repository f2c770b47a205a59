"""What is trained: for each workload the model, the rows and the settings that all contenders share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tools.benchmarks.train import rows as text
from tools.benchmarks.train.rows import Row
from tools.benchmarks.train.shapes import SHAPES, tagged_words

SEED = 42
LORA = {"r": 16, "lora_alpha": 32, "lora_dropout": 0.0, "target_modules": "all-linear"}
SHAPE_OF_ROWS = {"sft": "prompt-completion", "dpo": "preference", "grpo": "prompt"}
SMOLLM2 = "smollm2-135m-instruct/0.1.2"


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """One comparison. `trainer` overrides the defaults of a plan; the first `warmup` steps are not timed.

    `model` is a folder of the models volume, or the name of a shape that is written with random weights.
    `packed` are the settings of a plan that packs rows, with about as many tokens a step; empty where none is compared.
    """

    name: str
    method: str
    model: str
    rows: Callable[[], list[Row]]
    trainer: dict[str, Any]
    lora: dict[str, Any] | None = field(default_factory=lambda: dict(LORA))
    packed: dict[str, Any] = field(default_factory=dict)
    dtype: str = "float32"
    steps: int = 12
    warmup: int = 4

    @property
    def signal(self) -> str:
        """What of the log shows that contenders learn alike: GRPO's loss is near 0 whatever it learns."""
        return "reward" if self.method == "grpo" else "loss"

    @property
    def is_random(self) -> bool:
        """Whether the model is written here, with random weights."""
        return self.model in SHAPES


def on_cpu() -> list[Workload]:
    """Real model, real text; lengths and batches that two cores can do."""
    sft = {"learning_rate": 0.001, "per_device_train_batch_size": 4, "max_length": 288, "warmup_steps": 5}
    by_length = {"train_sampling_strategy": "group_by_length"}
    mixed = {"learning_rate": 0.001, "per_device_train_batch_size": 8, "max_length": 512}
    return [
        Workload(
            name="sft-nl2sql", method="sft", model=SMOLLM2, rows=lambda: text.nl2sql_rows(379), trainer=sft | by_length
        ),
        Workload(
            name="sft-mixed",
            method="sft",
            model=SMOLLM2,
            rows=_mixed_rows,
            trainer=mixed | by_length,
            packed=mixed | {"packing": True, "per_device_train_batch_size": 1},
        ),
        Workload(
            name="dpo-nl2sql",
            method="dpo",
            model=SMOLLM2,
            rows=lambda: text.pairs(text.nl2sql_rows(120)),
            trainer={"per_device_train_batch_size": 4, "max_length": 288},
        ),
        Workload(
            name="grpo-nl2sql",
            method="grpo",
            model=SMOLLM2,
            rows=lambda: text.prompts(text.nl2sql_rows(40)),
            trainer=_fixed_answers(32) | {"num_generations": 8, "per_device_train_batch_size": 8},
            steps=5,
            warmup=2,
        ),
    ]


def on_gpu() -> list[Workload]:
    """Random weights in the shapes of real models, random words; lengths as instruction data has them, and full."""
    return [
        *(
            _gpu(shape, kind, lora=lora)
            for shape, lora in (("qwen2-0.5b", None), ("qwen2-1.5b", LORA), ("llama-8b", LORA))
            for kind in ("mixed", "full")
        ),
        _gpu("qwen2-1.5b", "pairs", lora=LORA),
        Workload(
            name="grpo-qwen2-1.5b",
            method="grpo",
            model="qwen2-1.5b",
            rows=lambda: text.prompts(_drawn(160, median=120, most=512)),
            trainer=_fixed_answers(256) | {"num_generations": 8, "per_device_train_batch_size": 64},
            lora=dict(LORA),
            dtype="bfloat16",
            steps=8,
            warmup=3,
        ),
    ]


def quick() -> list[Workload]:
    """The smallest that shows that everything works: seconds on any machine, no figure worth a word."""
    few = text.rows_of_lengths([5, 12, 30, 9, 40, 16, 7, 22], tagged_words(64), SEED)
    small = {"learning_rate": 0.001, "per_device_train_batch_size": 2, "max_length": 128}
    sampled = _fixed_answers(4) | {"num_generations": 2, "per_device_train_batch_size": 4}
    made = {"sft": (few, small), "dpo": (text.pairs(few), small), "grpo": (text.prompts(few), sampled)}
    return [
        Workload(
            name=f"{method}-quick",
            method=method,
            model="tiny",
            rows=lambda rows=rows: rows,  # type: ignore[misc]
            trainer=trainer,
            steps=4,
            warmup=1,
        )
        for method, (rows, trainer) in made.items()
    ]


def _gpu(shape: str, kind: str, *, lora: dict[str, Any] | None) -> Workload:
    length, batch = (4096, 2) if kind == "full" else (2048, 16)
    trainer: dict[str, Any] = {"max_length": length, "per_device_train_batch_size": batch}
    if kind == "mixed" and shape == "llama-8b":  # 16 long rows at once would not fit into 80 GB
        trainer |= {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 4}
    if kind == "mixed":
        trainer["train_sampling_strategy"] = "group_by_length"
    packed = {"max_length": length, "packing": True, "per_device_train_batch_size": 2}
    made = {
        "mixed": lambda: _drawn(640, median=200, most=1900),
        "full": lambda: text.rows_of_lengths([length] * 80, tagged_words(SHAPES[shape].vocabulary), SEED),
        "pairs": lambda: text.pairs(_drawn(640, median=200, most=900)),
    }
    method = "dpo" if kind == "pairs" else "sft"
    return Workload(
        name=f"{method}-{shape}-{kind}",
        method=method,
        model=shape,
        rows=made[kind],
        trainer=trainer,
        packed=packed if kind == "mixed" else {},
        lora=dict(lora) if lora else None,
        # all weights are trained in float32 under mixed precision; a frozen base needs no more than it is used in
        dtype="bfloat16" if lora else "float32",
        steps=30,
        warmup=10,
    )


def _drawn(count: int, *, median: int, most: int) -> list[Row]:
    lengths = text.mixed_lengths(count, median=median, spread=1.0, most=most, seed=SEED)
    return text.rows_of_lengths(lengths, tagged_words(32000), SEED)


def _mixed_rows() -> list[Row]:
    lengths = text.mixed_lengths(160, median=30, spread=0.9, most=120, seed=SEED)
    return text.rows_of_lengths(lengths, text.real_words(), SEED)


def _fixed_answers(tokens: int) -> dict[str, Any]:
    """Answers of one length: a sampled end would give the contenders different work."""
    return {"max_completion_length": tokens, "generation_kwargs": {"min_new_tokens": tokens}}
