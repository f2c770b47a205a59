"""Methods of stages that do not train: they load files, make data, or measure."""

from compiler.spec.methods.model import Default, Method

LOAD = Method(name="load", title="loading", kind="support", deadline_minutes=240)

# work that the rules choose before any training
BEFORE_TRAINING: tuple[Method, ...] = (
    Method(
        name="augment",
        title="augmentation",
        kind="work",
        defaults=(
            Default("kinds", ["atomic", "aggregated", "multi-hop"], "GraphGen (arXiv 2505.20416)"),
            Default("max_rows", 1000, "as many as full tuning needs (LIMA, arXiv 2305.11206)"),
            Default("chunk_tokens", 512, "short enough that small models find its facts"),
            Default("max_facts", 5, "GraphGen (arXiv 2505.20416): few enough for one answer"),
            Default("judgments", 4, "samples of each statement where an endpoint serves the model"),
            Default("max_new_tokens", 1024, "about 20 facts of a passage"),
        ),
        blocks=("teacher", "served"),
        deadline_minutes=240,
    ),
    Method(
        name="optimize-prompt",
        title="prompt optimisation",
        kind="work",
        defaults=(
            Default("max_rounds", 3, "one more than a plateau needs"),
            Default("candidates", 8, "GEPA (arXiv 2507.19457): a small pool is enough"),
            Default("propose_rows", 100, "more rows to write candidates from seldom show other mistakes"),
            Default("select_rows", 200, "paired tests find a gain of about 0.1"),
            Default("report_rows", 300, "intervals of about ±0.05"),
        ),
        blocks=("prompt", "served", "reflection", "generation", "metrics"),
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
            Default("further_samples", 4, "most of the variance lies between prompts, not between samples of one"),
        ),
        blocks=("prompt", "served", "serving_budget", "teacher", "rewards", "metrics", "verdicts"),
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

# work that makes rows for a later stage to learn from
ROW_MAKERS: tuple[Method, ...] = (
    Method(
        name="teacher",
        title="teacher's answers",
        kind="work",
        defaults=(
            Default("samples", 1, "one answer per prompt; raise it to filter by agreement"),
            Default("temperature", 0.7, "as chat models are served"),
            Default("concurrency", 4, "few at once, because others use the same endpoint"),
            Default("requests_per_minute", 60, "one per second, the limit of small accounts"),
            Default("keep", "verified", "wrong answers make bad examples, where the metric can check them"),
        ),
        blocks=("teacher", "metrics"),
        deadline_minutes=480,
    ),
    Method(
        name="sample",
        title="sampling",
        kind="work",
        defaults=(
            Default("samples", 8, "rejection sampling (STaR, arXiv 2203.14465): enough to find a right answer"),
            Default("temperature", 1.0, "the unchanged policy"),
        ),
        blocks=("metrics",),
        deadline_minutes=240,
        on_policy_before="dpo",
    ),
    Method(name="pairs", title="pairs", kind="support", deadline_minutes=30),
)

EVALUATE = Method(
    name="evaluate", title="evaluation", kind="support", blocks=("generation", "metrics", "judge"), deadline_minutes=60
)
