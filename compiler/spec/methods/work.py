"""Stages that train nothing: they bring files, make data, or measure."""

from compiler.spec.methods.model import Default, Method

LOAD = Method(name="load", title="loading", kind="support", deadline_minutes=240)

# what the rules ask for before anything is trained
BEFORE_TRAINING: tuple[Method, ...] = (
    Method(
        name="augment",
        title="augmentation",
        kind="work",
        defaults=(
            Default("kinds", ["atomic", "aggregated", "multi-hop"], "GraphGen (arXiv 2505.20416)"),
            Default("max_rows", 1000, "as many as full tuning asks for (LIMA, arXiv 2305.11206)"),
        ),
        blocks=("metrics",),
        deadline_minutes=240,
    ),
    Method(
        name="optimize-prompt",
        title="prompt optimisation",
        kind="work",
        defaults=(
            Default("max_rounds", 3, "one more than the plateau asks for"),
            Default("candidates", 8, "GEPA (arXiv 2507.19457): a small pool goes a long way"),
        ),
        blocks=("metrics",),
        deadline_minutes=240,
    ),
    Method(
        name="probe",
        title="probe",
        kind="work",
        defaults=(
            Default("samples", 16, "pass@16 (arXiv 2107.03374)"),
            Default("temperature", 0.8, "pass@k (arXiv 2107.03374): wider than for one answer"),
            Default("prompts", 100, "intervals of about ±0.1"),
        ),
        blocks=("metrics",),
        deadline_minutes=120,
        on_policy_before="reward",
    ),
    Method(
        name="preflight",
        title="reward pre-flight",
        kind="work",
        defaults=(
            Default("prompts", 64, "512 answers: shares within about 0.12"),
            Default("samples", 8, "one group of GRPO"),
            Default("temperature", 1.0, "as GRPO samples"),
            Default("repeats", 5, "five scores of one answer show flips"),
        ),
        blocks=("rewards", "metrics", "generation"),
        deadline_minutes=120,
        on_policy_before="reward",
    ),
)

# what makes rows that a later stage learns from
ROW_MAKERS: tuple[Method, ...] = (
    Method(
        name="teacher",
        title="teacher's answers",
        kind="work",
        defaults=(
            Default("samples", 1, "one answer a prompt; raise it to filter by agreement"),
            Default("temperature", 0.7, "as chat models are served"),
            Default("concurrency", 4, "few at once: others ask the same endpoint"),
            Default("requests_per_minute", 60, "one a second: what small accounts are given"),
            Default("keep", "verified", "answers that the metric fails are no examples, where it can check them"),
        ),
        blocks=("teacher", "metrics"),
        deadline_minutes=480,
    ),
    Method(
        name="sample",
        title="sampling",
        kind="work",
        defaults=(
            Default("samples", 8, "rejection sampling (STaR, arXiv 2203.14465): enough to find a right one"),
            Default("temperature", 1.0, "the policy as it is"),
        ),
        blocks=("metrics",),
        deadline_minutes=240,
        on_policy_before="dpo",
    ),
    Method(name="pairs", title="pairs", kind="support", deadline_minutes=30),
)

EVALUATE = Method(
    name="evaluate", title="evaluation", kind="support", blocks=("generation", "metrics"), deadline_minutes=60
)
