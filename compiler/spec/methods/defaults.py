"""Defaults that several methods share, and sources that several defaults cite."""

from compiler.spec.methods.model import Default

LORA = "TRL documentation, LoRA without regret"
TULU = "Tülu 3 (arXiv 2411.15124)"
TRL = "TRL's default"

# for every trainer of text
COMMON: tuple[Default, ...] = (
    Default("lr_scheduler_type", "linear", TULU),
    Default("gradient_accumulation_steps", 1, TRL),
    Default("gradient_checkpointing", False, "saves a third of the compute where memory allows"),
    Default("logging_steps", 1, "one log line per step"),
    Default("save_steps", 25, "a killed pod loses at most this many steps"),
)
MAX_LENGTH = Default("max_length", 1024, "TRL's default; longer rows are refused, not cut")

PEFT: tuple[Default, ...] = (
    Default("r", 16, LORA),
    Default("lora_alpha", 32, f"{LORA}: 16 to 32"),
    Default("lora_dropout", 0.0, LORA),
    Default("target_modules", "all-linear", f"{LORA}: all linear layers"),
)
