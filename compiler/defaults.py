"""Defaults of each method: a table of fields with their values and where these come from. Specs override them."""

from dataclasses import dataclass

Value = bool | int | float | str | None | list[str]


@dataclass(frozen=True, slots=True)
class Default:
    """A field's default and its source: a paper, a library's documentation, or a reason of our own."""

    field: str
    value: Value
    source: str


TRL_LORA = "TRL documentation, LoRA without regret"

TRAINER: dict[str, tuple[Default, ...]] = {
    "sft": (
        Default("learning_rate", 2e-4, f"{TRL_LORA}: about 10 times TRL's 2e-5 for full fine-tuning"),
        Default("num_train_epochs", 2, "Tülu 3 (arXiv 2411.15124)"),
        Default("per_device_train_batch_size", 8, f"{TRL_LORA}: batches under 32"),
        Default("gradient_accumulation_steps", 1, "TRL's default"),
        Default("lr_scheduler_type", "linear", "Tülu 3 (arXiv 2411.15124)"),
        Default("warmup_steps", 0.03, "Tülu 3 (arXiv 2411.15124): 3 % of the steps"),
        Default("max_length", 1024, "TRL's default; longer rows are refused, not cut"),
        Default("gradient_checkpointing", False, "a third of the compute saved where memory allows"),
        Default("logging_steps", 1, "one log line a step"),
        Default("save_steps", 25, "the most steps that a kill can cost"),
    ),
    "dpo": (
        Default("learning_rate", 1e-5, f"{TRL_LORA}: 10 times TRL's 1e-6 for full fine-tuning"),
        Default("beta", 0.1, "Rafailov et al. 2023 (arXiv 2305.18290)"),
        Default("loss_type", ["sigmoid"], "Rafailov et al. 2023 (arXiv 2305.18290)"),
        Default("num_train_epochs", 1, "TRL's DPO examples"),
        Default("per_device_train_batch_size", 4, "a pair holds two sequences, so half of SFT's batch"),
        Default("gradient_accumulation_steps", 1, "TRL's default"),
        Default("lr_scheduler_type", "linear", "Tülu 3 (arXiv 2411.15124)"),
        Default("warmup_steps", 0.1, "Tülu 3 (arXiv 2411.15124): 10 % of the steps"),
        Default("max_length", 1024, "TRL's default; longer rows are refused, not cut"),
        Default("gradient_checkpointing", False, "a third of the compute saved where memory allows"),
        Default("logging_steps", 1, "one log line a step"),
        Default("save_steps", 25, "the most steps that a kill can cost"),
    ),
}

PEFT: tuple[Default, ...] = (
    Default("r", 16, f"{TRL_LORA}"),
    Default("lora_alpha", 32, f"{TRL_LORA}: 16 to 32"),
    Default("lora_dropout", 0.0, f"{TRL_LORA}"),
    Default("target_modules", "all-linear", f"{TRL_LORA}: all linear layers"),
)

# wall-clock limits, in minutes: a Job without one can hold its node for ever
DEADLINE_MINUTES = {"sft": 240, "dpo": 240, "evaluate": 60}
BACKOFF_LIMIT = 3
GRACE_SECONDS = 120

# metrics that evaluation Jobs can compute, and whether they need `databases`
METRICS = {"exact_match": False, "execution_accuracy": True}
