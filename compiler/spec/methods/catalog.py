"""Defaults of each method: a table of fields with their values and where these come from. Specs override them."""

from dataclasses import dataclass

Value = bool | int | float | str | None | list[str] | list[float]


@dataclass(frozen=True, slots=True)
class Default:
    """A field's default and its source: a paper, a library's documentation, or a reason of our own."""

    field: str
    value: Value
    source: str


LORA = "TRL documentation, LoRA without regret"
TULU = "Tülu 3 (arXiv 2411.15124)"
ENTIGRAPH = "EntiGraph (arXiv 2409.07431)"
DPO = "Rafailov et al. 2023 (arXiv 2305.18290)"
PPO = "Schulman et al. 2017 (arXiv 1707.06347)"
DAPO = "DAPO (arXiv 2503.14476)"
TRL = "TRL's default"

# what every trainer of text gets: lengths are refused rather than cut, a kill costs at most `save_steps`
_COMMON: tuple[Default, ...] = (
    Default("lr_scheduler_type", "linear", TULU),
    Default("gradient_accumulation_steps", 1, TRL),
    Default("gradient_checkpointing", False, "a third of the compute saved where memory allows"),
    Default("logging_steps", 1, "one log line a step"),
    Default("save_steps", 25, "the most steps that a kill can cost"),
)
_MAX_LENGTH = Default("max_length", 1024, "TRL's default; longer rows are refused, not cut")

_SFT: tuple[Default, ...] = (
    Default("learning_rate", 2e-4, f"{LORA}: about 10 times TRL's 2e-5 for full fine-tuning"),
    Default("num_train_epochs", 2, TULU),
    Default("per_device_train_batch_size", 8, f"{LORA}: batches under 32"),
    Default("warmup_steps", 0.03, f"{TULU}: 3 % of the steps"),
    _MAX_LENGTH,
    *_COMMON,
)

_AROUND = Default(
    "num_train_epochs", 2, "as for SFT, of whole chains and again once they are gone; the curriculum counts between"
)

TRAINER: dict[str, tuple[Default, ...]] = {
    "cpt": (
        Default("learning_rate", 5e-5, f"{ENTIGRAPH}: 5e-6 for full training, and {LORA}: about 10 times"),
        Default("num_train_epochs", 2, ENTIGRAPH),
        Default("per_device_train_batch_size", 4, "long rows, so half of SFT's batch"),
        Default("warmup_steps", 0.05, f"{ENTIGRAPH}: 5 % of the steps"),
        Default("max_length", 1024, TRL),
        Default("packing", True, "text has no end of its own: rows are packed to the full length"),
        Default("packing_strategy", "bfd_split", "TRL's `bfd` drops what is over `max_length`"),
        *_COMMON,
    ),
    "sft": _SFT,
    "cot": _SFT,
    "latent-cot": tuple(_AROUND if each.field == _AROUND.field else each for each in _SFT),
    "dpo": (
        Default("learning_rate", 1e-5, f"{LORA}: 10 times TRL's 1e-6 for full fine-tuning"),
        Default("beta", 0.1, DPO),
        Default("loss_type", ["sigmoid"], DPO),
        Default("num_train_epochs", 1, "TRL's DPO examples"),
        Default("per_device_train_batch_size", 4, "a pair holds two sequences, so half of SFT's batch"),
        Default("warmup_steps", 0.1, f"{TULU}: 10 % of the steps"),
        _MAX_LENGTH,
        *_COMMON,
    ),
    "kto": (
        Default("learning_rate", 5e-6, "KTO (arXiv 2402.01306): 5e-7 to 5e-6"),
        Default("beta", 0.1, "KTO (arXiv 2402.01306)"),
        Default("num_train_epochs", 1, "TRL's KTO examples"),
        Default("per_device_train_batch_size", 8, "KTO (arXiv 2402.01306): at least 4, for its reference point"),
        Default("warmup_steps", 0.1, "as for DPO"),
        _MAX_LENGTH,
        *_COMMON,
    ),
    "reward": (
        Default("learning_rate", 1e-4, f"{LORA}: 10 times TRL's 1e-5 for full fine-tuning"),
        Default("num_train_epochs", 1, "InstructGPT (arXiv 2203.02155): more epochs overfit"),
        Default("per_device_train_batch_size", 4, "a pair holds two sequences, so half of SFT's batch"),
        Default("warmup_steps", 0.03, "as for SFT"),
        _MAX_LENGTH,
        *_COMMON,
    ),
    "grpo": (
        Default("learning_rate", 1e-5, f"{LORA}: 10 times TRL's 1e-6 for full fine-tuning"),
        Default("num_generations", 8, TRL),
        Default("per_device_train_batch_size", 8, "one group a device; it must divide by `num_generations`"),
        Default("beta", 0.0, TRL),
        Default("loss_type", "dapo", TRL),
        Default("epsilon_high", 0.28, DAPO),
        Default("temperature", 1.0, TRL),
        Default("max_completion_length", 256, TRL),
        Default("num_train_epochs", 1, "rewards are sampled anew, so further epochs are a decision of their own"),
        *_COMMON,
    ),
    "ppo": (
        Default("learning_rate", 3e-5, f"{LORA}: 10 times the 3e-6 of TRL's last PPO trainer"),
        Default("num_ppo_epochs", 4, PPO),
        Default("cliprange", 0.2, PPO),
        Default("cliprange_value", 0.2, "TRL 1.12, the last with PPO"),
        Default("kl_coef", 0.05, "TRL 1.12, the last with PPO"),
        Default("vf_coef", 0.1, "TRL 1.12, the last with PPO"),
        Default("gamma", 1.0, "one reward at the end of an answer: no discount"),
        Default("lam", 0.95, "GAE (arXiv 1506.02438)"),
        Default("temperature", 1.0, "samples of the policy itself"),
        Default("max_completion_length", 256, "as for GRPO"),
        Default("per_device_train_batch_size", 8, "as for GRPO"),
        Default("num_train_epochs", 1, "as for GRPO"),
        *_COMMON,
    ),
    "distill": (
        Default("learning_rate", 1e-5, f"{LORA}: 10 times TRL's 1e-6 for full fine-tuning"),
        Default("beta", 1.0, "GKD (arXiv 2306.13649): reverse KL"),
        Default("temperature", 1.0, "GKD (arXiv 2306.13649)"),
        Default("num_train_epochs", 1, "answers are sampled anew, so further epochs are a decision of their own"),
        Default("per_device_train_batch_size", 4, "as for DPO: student and teacher are in memory"),
        Default("max_completion_length", 256, "as for GRPO"),
        Default("warmup_steps", 0.1, "as for DPO"),
        *_COMMON,
    ),
}

# what replaces the learning rates above where all weights are trained
FULL_RATE: dict[str, Default] = {
    "cpt": Default("learning_rate", 5e-6, ENTIGRAPH),
    "sft": Default("learning_rate", 2e-5, TRL),
    "cot": Default("learning_rate", 2e-5, "as for SFT"),
    "latent-cot": Default("learning_rate", 2e-5, "as for SFT"),
    "dpo": Default("learning_rate", 1e-6, TRL),
    "kto": Default("learning_rate", 1e-6, "KTO (arXiv 2402.01306): 5e-7 to 5e-6"),
    "reward": Default("learning_rate", 1e-5, "as for DPO's pairs, with a head that is new"),
    "grpo": Default("learning_rate", 1e-6, TRL),
    "ppo": Default("learning_rate", 3e-6, "TRL 1.12, the last with PPO"),
    "distill": Default("learning_rate", 1e-6, "as for DPO"),
}

PEFT: tuple[Default, ...] = (
    Default("r", 16, LORA),
    Default("lora_alpha", 32, f"{LORA}: 16 to 32"),
    Default("lora_dropout", 0.0, LORA),
    Default("target_modules", "all-linear", f"{LORA}: all linear layers"),
)

# the config class of each method, whose fields a spec may override
CONFIGS = {
    "cpt": "SFTConfig",
    "sft": "SFTConfig",
    "cot": "SFTConfig",
    "latent-cot": "SFTConfig",
    "dpo": "DPOConfig",
    "kto": "KTOConfig",
    "reward": "RewardConfig",
    "grpo": "GRPOConfig",
    "ppo": "PPOConfig",
    "distill": "DistillationConfig",
}

# settings of the stages that make data or measure; they have no trainer
WORK: dict[str, tuple[Default, ...]] = {
    "augment": (
        Default("kinds", ["atomic", "aggregated", "multi-hop"], "GraphGen (arXiv 2505.20416)"),
        Default("max_rows", 1000, "as many as full tuning asks for (LIMA, arXiv 2305.11206)"),
    ),
    "optimize-prompt": (
        Default("max_rounds", 3, "one more than the plateau asks for"),
        Default("candidates", 8, "GEPA (arXiv 2507.19457): a small pool goes a long way"),
    ),
    "probe": (
        Default("samples", 16, "pass@16 (arXiv 2107.03374)"),
        Default("temperature", 0.8, "pass@k (arXiv 2107.03374): wider than for one answer"),
        Default("prompts", 100, "intervals of about ±0.1"),
    ),
    "preflight": (
        Default("prompts", 64, "512 answers: shares within about 0.12"),
        Default("samples", 8, "one group of GRPO"),
        Default("temperature", 1.0, "as GRPO samples"),
        Default("repeats", 5, "five scores of one answer show flips"),
    ),
    "teacher": (
        Default("samples", 1, "one answer a prompt; raise it to filter by agreement"),
        Default("temperature", 0.7, "as chat models are served"),
        Default("concurrency", 4, "few at once: others ask the same endpoint"),
        Default("requests_per_minute", 60, "one a second: what small accounts are given"),
        Default("keep", "verified", "answers that the metric fails are no examples, where it can check them"),
    ),
    "sample": (
        Default("samples", 8, "rejection sampling (STaR, arXiv 2203.14465): enough to find a right one"),
        Default("temperature", 1.0, "the policy as it is"),
    ),
}

# share of the tokens that are general text replayed beside a corpus
REPLAY = Default("replay_share", 0.1, "arXiv 2403.08763: 1 to 50 %, by the shift")

# pairs that a reward model never learns from: its agreement with people is measured on them
HELD_OUT_SHARE = 0.1

# rows that are usual for a method: fewer are allowed by the rules, and warned of
USUAL_ROWS: dict[str, tuple[int, str]] = {
    "sft": (1000, "LIMA (arXiv 2305.11206)"),
    "cot": (800, "LIMO (arXiv 2502.03387)"),
    "latent-cot": (800, "as for explicit chains"),
    "dpo": (500, "500 to 5,000 pairs are usual"),
    "kto": (500, "as for DPO"),
    "grpo": (200, "200 to 2,000 prompts"),
    "ppo": (200, "as for GRPO"),
}

# wall-clock limits, in minutes: a Job without one can hold its node for ever
DEADLINE_MINUTES = {
    "load": 240,
    "cpt": 1440,
    "sft": 240,
    "cot": 240,
    "latent-cot": 480,
    "dpo": 240,
    "kto": 240,
    "reward": 240,
    "grpo": 720,
    "ppo": 720,
    "distill": 480,
    "augment": 240,
    "optimize-prompt": 240,
    "probe": 120,
    "preflight": 120,
    "teacher": 480,
    "sample": 240,
    "pairs": 30,
    "evaluate": 60,
}
BACKOFF_LIMIT = 3
GRACE_SECONDS = 120
