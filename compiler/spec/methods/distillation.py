"""Distillation: a student learns a teacher's probabilities (its text alone means SFT)."""

from compiler.spec.methods.defaults import COMMON, LORA
from compiler.spec.methods.model import Default, Method

_GKD = "GKD (arXiv 2306.13649)"

DISTILLATION: tuple[Method, ...] = (
    Method(
        name="distill",
        title="on-policy distillation",
        kind="policy",
        defaults=(
            Default("learning_rate", 1e-5, f"{LORA}: 10 times TRL's 1e-6 for full fine-tuning"),
            Default("beta", 1.0, f"{_GKD}: reverse KL"),
            Default("temperature", 1.0, _GKD),
            Default("num_train_epochs", 1, "answers are sampled anew, so more epochs are a separate decision"),
            Default("per_device_train_batch_size", 4, "as for DPO: student and teacher are in memory"),
            Default("max_completion_length", 256, "as for GRPO"),
            Default("warmup_steps", 0.1, "as for DPO"),
            *COMMON,
        ),
        full_rate=Default("learning_rate", 1e-6, "as for DPO"),
        trl_config="DistillationConfig",
        blocks=("teacher", "distillation"),
        deadline_minutes=480,
    ),
)
