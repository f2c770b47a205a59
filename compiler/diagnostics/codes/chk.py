"""CHK2xx: the spec is well-formed, but does not make sense."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
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
        "trainer value has a wrong type or is out of range",
        "The pinned TRL would refuse it only when the Job runs, or train to no end.",
        "Write a value of the type and the range named.",
    ),
    "CHK214": Code(
        "error",
        "no usable pair",
        "Preference training learns from the difference between two answers.",
        "Give each row two answers that differ.",
    ),
    "CHK220": Code(
        "error",
        "data source differs from its card",
        "Figures of a card hold for the content that was measured, and for no other.",
        "Run `trainspec data` on the spec again, and commit the card.",
    ),
    "CHK221": Code(
        "warning",
        "data card of no source",
        "A card that nothing uses is left over, or has a misspelt name.",
        "Remove the card, or correct the source that it names.",
    ),
    "CHK222": Code(
        "error",
        "remote data source without a card",
        "Where the rows are not at hand, the plan is made of what their card says.",
        "Run `trainspec data` with `--from` where the rows are, and commit the card.",
    ),
    "CHK223": Code(
        "error",
        "data format cannot be read",
        "Rows are read from JSONL, CSV and Parquet files, told apart by their ending, and from folders of these.",
        "Convert the file, or correct its ending.",
    ),
    "CHK224": Code(
        "error",
        "package for data is not installed",
        "Reading Parquet and measuring data need packages that compiling does not.",
        "Install them: pip install 'trainspec[data]'.",
    ),
    "CHK225": Code(
        "warning",
        "both answers of a pair are the same",
        "Nothing can be learnt from such a row; it is left out of training.",
        "Remove the rows, or correct one of the two answers.",
    ),
    "CHK226": Code(
        "error",
        "answers of a pair hold prompts",
        "The prompt of a pair belongs into `prompt`; if the answers bring their own, they may answer different questions.",
        "Keep the shared turns in `prompt`, and one turn of the assistant in `chosen` and in `rejected`.",
    ),
    "CHK227": Code(
        "error",
        "a failed answer is taught",
        "A demonstration whose answer is logged as a badcase's wrong one teaches the fault that training should mend.",
        "Put the right answer into the demonstration, or remove it.",
    ),
    "CHK228": Code(
        "error",
        "evaluation data is synthetic",
        "A model that is measured on what a model made proves little (rule G3): synthetic rows never enter evaluation.",
        "Evaluate on real rows; use the synthetic ones for training.",
    ),
    "CHK229": Code(
        "warning",
        "training and evaluation nearly overlap",
        "Questions that differ in a word or two make evaluation look better than it is (rule D14).",
        "Compare the rows; give those that mean the same one `cluster`, and split by it.",
    ),
    "CHK230": Code(
        "warning",
        "rows are longer than what is trained on",
        "Trainers cut or drop longer rows without a word, often just the answer.",
        "Raise `max_length`, or shorten or split the rows.",
    ),
    "CHK231": Code(
        "warning",
        "overlap was not measured",
        "Of a remote source only its card can tell whether it shares rows with the evaluation data as it is now.",
        "Run `trainspec data` where the rows of both sources are, and commit the card.",
    ),
    "CHK232": Code(
        "error",
        "data source has no place, or two",
        "Rows are either beside the spec (`path`) or elsewhere (`uri`).",
        "Give one of the two.",
    ),
    "CHK233": Code(
        "error",
        "two cards of one source",
        "Which of them is right cannot be told.",
        "Remove one of the two.",
    ),
    "CHK234": Code(
        "error",
        "data card is not what the data measures",
        "`trainspec data --check` measured something else than the committed card says.",
        "Run `trainspec data` on the spec, and commit the card.",
    ),
    "CHK235": Code(
        "error",
        "rows are not here",
        "A remote source can be measured only where its rows are.",
        "Name the rows: --source NAME --from PATH.",
    ),
    "CHK240": Code(
        "warning",
        "evidence is stale",
        "It speaks of another model, metric, reward or test set than the spec, or of too few samples, so no rule counts it.",
        "Measure again, or remove the file.",
    ),
    "CHK241": Code(
        "error",
        "value lies outside of its interval",
        "An estimate with its interval beside it was mistyped, and rules decide by intervals.",
        "Correct the figures.",
    ),
    "CHK242": Code(
        "warning",
        "reports of one kind and day",
        "The latest report counts, and of two of one day nobody can tell which that is.",
        "Keep the later one only.",
    ),
    "CHK243": Code(
        "error",
        "fields do not fit together",
        "One of two fields asks for the other, or rules it out.",
        "Add or remove the field that the message names.",
    ),
    "CHK244": Code(
        "error",
        "a part is larger than the whole",
        "Counts of a report contradict each other, and classes of badcases are made out of them.",
        "Correct the figures.",
    ),
    "CHK245": Code(
        "error",
        "a credential is written out",
        "Specs, profiles and evidence are committed, and rendered into objects that many may read.",
        "Revoke it, put its successor into a Secret of the cluster, and name that in `secrets` of the profile.",
    ),
}
