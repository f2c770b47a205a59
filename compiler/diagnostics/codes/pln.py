"""PLN4xx: the plan cannot be made, or differs from the request."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "PLN401": Code(
        "error",
        "people measure the deciding metric",
        "A gate needs a metric that the evaluation stage can compute.",
        "Put first a metric of the library, or a function of your own.",
    ),
    "PLN402": Code(
        "error",
        "plan needs data that the spec lacks",
        "Each stage reads one source of a known purpose.",
        "Add the source.",
    ),
    "PLN403": Code(
        "warning",
        "setting has no effect",
        "The plan has no stage that reads the setting, or another setting excludes it.",
        "Remove the setting.",
    ),
    "PLN405": Code(
        "error",
        "plan may cost more than its cap",
        "The deadlines of the stages, retries included, bound the cost of a plan.",
        "Lower the deadlines, use a cheaper profile, or raise the cap.",
    ),
    "PLN406": Code(
        "warning",
        "override replaces a rule's value",
        "The spec's value is used although a rule would set another.",
        "Remove the override, or keep it on purpose.",
    ),
    "PLN407": Code(
        "warning",
        "data source is not used",
        "Each stage reads one source: the largest demonstrations, the best preferences, the first evaluation source.",
        "Merge the files, or remove the source.",
    ),
    "PLN408": Code(
        "warning",
        "fewer rows than usual",
        "The rules allow the method, but it usually gains more from more rows.",
        "Collect more rows if the gain is small.",
    ),
    "PLN409": Code(
        "error",
        "reward has nothing to compare with",
        "A reward that compares with a right answer scores every row 0 if the rows hold none.",
        "Use rows that hold the answer, or use another reward.",
    ),
    "PLN423": Code(
        "warning",
        "probe has too few badcases to count",
        "A probe of few prompts has intervals that decide nothing, so its report is not used below the limit (D11).",
        "Collect badcases, or lower the limit of the spec.",
    ),
    "PLN424": Code(
        "warning",
        "probe does not use the best prompt",
        "What another prompt already repairs would be measured as a gap of the model, and trained.",
        "Copy the best prompt over the file of the spec, and commit it.",
    ),
    "PLN410": Code(
        "error",
        "profile cannot run the stage",
        "The runtime would reject the stage only when its Job starts, after earlier stages have cost money.",
        "Use another profile, or change the settings of the stage that need it.",
    ),
    "PLN411": Code(
        "warning",
        "goal is not measured by evaluation Jobs",
        "Every metric and guard of the goal binds, but the runtime of this version cannot compute this one.",
        "Measure it elsewhere and commit the result, or use a metric that the message names.",
    ),
    "PLN419": Code(
        "error",
        "stage has no judge for its answers",
        "Stages that check their own answers use the deciding metric, and only evaluations ask a judge.",
        "Put first a metric that needs no judge, or let the stage keep answers without a check.",
    ),
    "PLN420": Code(
        "warning",
        "base model writes its own rows",
        "Without a teacher, the model that is to learn reads the corpus and writes the rows. The facts come from the "
        "passages, so it can teach itself what it did not know, but a weak model reads badly and most rows are dropped.",
        "Name a stronger model in `spec.teacher`, or review the rows with the report in mind.",
    ),
    "PLN412": Code(
        "warning",
        "evaluation Jobs decode without a constraint",
        "Scores of unconstrained answers may be lower than those of the deployed system, which constrains its output.",
        "Measure with the constraint elsewhere and commit the result, or read the scores with this in mind.",
    ),
    "PLN413": Code(
        "warning",
        "trainer value is far from every recipe",
        "The trainer takes the value, and the training is useless: it diverges, learns nothing, or never ends.",
        "Use a value of the usual range, unless this is the experiment.",
    ),
    "PLN414": Code(
        "error",
        "adapter is on the output layer",
        "The trainers multiply by the output layer's weights directly, so an adapter there would never be trained.",
        "Leave the output layer out of `target_modules`, or train all weights.",
    ),
    "PLN415": Code(
        "error",
        "trainer setting cannot work",
        "The trainer would refuse the setting when its stage starts: it needs another setting, or excludes one.",
        "Change the setting as the message says.",
    ),
    "PLN416": Code(
        "warning",
        "marked answers are nearly all of one kind",
        "KTO learns from the difference between good and bad answers; a few of one kind then decide the training.",
        "Add answers of the rarer kind, or set `desirable_weight` and `undesirable_weight` as the message says.",
    ),
    "PLN417": Code(
        "error",
        "no score says when an answer is right",
        "A teacher's verified answers, and pairs of sampled ones, are chosen by right and wrong. A metric that scores from "
        "0 to 1 does not say where right begins, and a low default would train on wrong answers.",
        "Set `options.passes_at` of the first metric.",
    ),
}
