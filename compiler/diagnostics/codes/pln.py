"""PLN4xx: the plan cannot be made, or not as asked."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "PLN401": Code(
        "error",
        "metric cannot be measured by the runtime",
        "A gate needs a metric that the evaluation stage can compute.",
        "Use a metric that the message names.",
    ),
    "PLN402": Code(
        "error",
        "plan needs data that the spec does not give",
        "Each stage reads one source of a known purpose.",
        "Add the source.",
    ),
    "PLN403": Code(
        "error",
        "training override for a method that the plan does not use",
        "An override without a stage would be ignored in silence.",
        "Remove the override.",
    ),
    "PLN404": Code(
        "error",
        "method cannot be rendered by this version",
        "The rules chose a method that has no templates and no runtime yet.",
        "Change the data or the gap, or train by hand.",
    ),
    "PLN405": Code(
        "error",
        "plan may cost more than its cap",
        "Deadlines bound what a plan can cost, retries counted.",
        "Lower the deadlines, use a cheaper profile, or raise the cap.",
    ),
    "PLN406": Code(
        "warning",
        "override takes the place of a rule",
        "The spec's own value is used where a rule would have set another.",
        "Remove the override, or keep it on purpose.",
    ),
    "PLN407": Code(
        "warning",
        "data source is not used",
        "Each stage reads one source: the largest of demonstrations, the best of preferences, the first of evaluation.",
        "Merge the files, or remove the source.",
    ),
}
