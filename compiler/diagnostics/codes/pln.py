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
        "warning",
        "setting without an effect",
        "An override without a stage changes nothing, nor does a setting that another one rules out or that nothing reads.",
        "Remove the setting.",
    ),
    "PLN404": Code(
        "warning",
        "method cannot be run by this version",
        "The plan is rendered for review, but the runtime of this version has no module for the method.",
        "Review the plan; run it with a version whose runtime has the method.",
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
    "PLN408": Code(
        "warning",
        "fewer rows than usual",
        "The rules allow the method, but it is known to gain more from more rows.",
        "Collect more if the gain is small.",
    ),
    "PLN409": Code(
        "error",
        "reward has nothing to compare with",
        "A reward that checks against a right answer scores every row 0 where none is given.",
        "Use rows that hold the answer, or another reward.",
    ),
    "PLN410": Code(
        "error",
        "profile cannot run the stage",
        "The runtime would refuse it only when its Job has started, behind stages that have cost money.",
        "Name another profile, or change what the stage needs of it.",
    ),
}
