"""CHK2xx: the spec is well-formed, but inconsistent. `chk_data` has the codes of rows."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "CHK201": Code(
        "error",
        "file does not exist",
        "A spec that names a missing file cannot be reviewed or run.",
        "Add the file, or correct the path.",
    ),
    "CHK202": Code(
        "error",
        "path leaves the spec's folder",
        "Specs are untrusted, so they may read only files of their own folder.",
        "Move the file into the spec's folder.",
    ),
    "CHK203": Code(
        "error",
        "data row cannot be used",
        "The row is empty, is not JSON, or lacks a field of its shape.",
        "Fix the row at the line shown.",
    ),
    "CHK204": Code(
        "error", "data file has no rows", "A stage without data cannot run.", "Add rows, or remove the source."
    ),
    "CHK205": Code(
        "error",
        "data shape does not fit its purpose",
        "Each purpose accepts only some shapes.",
        "Use one of the shapes that the message names.",
    ),
    "CHK206": Code("error", "name is used twice", "Names identify things in the plan.", "Rename one of the two."),
    "CHK207": Code(
        "error",
        "reference to an unknown name",
        "The spec refers to something that it does not define.",
        "Correct the name, or define it.",
    ),
    "CHK208": Code(
        "error",
        "unknown trainer field",
        "TRL's scripts ignore a misspelt argument; the compiler rejects it.",
        "Use the field name of the pinned TRL.",
    ),
    "CHK209": Code(
        "error",
        "field is set by the runtime",
        "The runtime sets output folders, reporting, devices and its environment variables itself.",
        "Remove the field.",
    ),
    "CHK210": Code(
        "error",
        "training and evaluation overlap",
        "A test on rows that the model was trained on proves nothing (rule D14). Questions are compared in normal form: "
        "case, punctuation, spacing, full-width and traditional characters do not count. A question that a training row "
        "contains, as a turn or inside other text, is shared too.",
        "Split the rows by cluster first.",
    ),
    "CHK211": Code(
        "warning",
        "rows are repeated",
        "Repeated rows get more weight in training, and make an evaluation look more certain than it is.",
        "Remove the repeated rows.",
    ),
    "CHK212": Code(
        "error",
        "image is not pinned by digest",
        "A tag can move, so the same plan could run different code.",
        "Write the image as `name@sha256:…`.",
    ),
    "CHK213": Code(
        "error",
        "trainer value has a wrong type or is out of range",
        "The pinned TRL would reject it only when the Job runs, or the training would be useless.",
        "Write a value of the type and range named.",
    ),
    "CHK214": Code(
        "error",
        "no pair is usable",
        "Preference training learns from the difference between two answers.",
        "Give each row two answers that differ.",
    ),
    "CHK215": Code(
        "error",
        "field `columns` names an unknown column",
        "Its left side names columns of the shape, which are the ones that training and evaluation read.",
        "Write a column of the shape on the left, and the column of the file on the right.",
    ),
    "CHK216": Code(
        "error",
        "model is not pinned by a commit",
        "A branch or tag of a hub's model can move, so the same plan could train other weights.",
        "Write the 40 digits of the commit.",
    ),
    "CHK217": Code(
        "error",
        "no row has a column that `columns` names",
        "The column is misspelt, or of another file: without it, training would silently lack what it holds.",
        "Correct the name on the right of `columns`, or remove the line.",
    ),
    "CHK218": Code(
        "error",
        "metric cannot use the reference of a row",
        "Each evaluation would end before it loads its model, or count a wrong answer as right.",
        "Correct the reference, or choose a metric that suits it.",
    ),
    "CHK219": Code(
        "error",
        "marked answers are all of one kind",
        "KTO learns from the difference between good and bad answers, so its stage would refuse to start.",
        "Add answers of the other kind.",
    ),
    "CHK240": Code(
        "warning",
        "evidence is stale",
        "It was measured for a model, metric, reward or test set other than the spec's, or on too few samples, so rules ignore it.",
        "Measure again, or remove the file.",
    ),
    "CHK241": Code(
        "error",
        "value lies outside its interval",
        "The estimate or its interval is mistyped, and rules decide by intervals.",
        "Correct the figures.",
    ),
    "CHK242": Code(
        "warning",
        "two reports of one kind have the same date",
        "The latest report counts, and two reports of one day have no order.",
        "Keep only the later one.",
    ),
    "CHK243": Code(
        "error",
        "fields do not fit together",
        "One of the fields requires or excludes the other.",
        "Add or remove the field that the message names.",
    ),
    "CHK244": Code(
        "error",
        "part is larger than the whole",
        "The counts of the report contradict each other, and the classes of badcases are derived from them.",
        "Correct the figures.",
    ),
    "CHK246": Code(
        "warning",
        "judged metric counts for nothing",
        "A judge errs, and nobody knows how often until its verdicts are compared with people's on the same answers.",
        "Label answers, run `trainspec-runtime judge-agreement`, and commit its report as evidence.",
    ),
    "CHK247": Code(
        "warning",
        "result contradicts itself",
        "The verdict of a gate and the gain of a stage exclude each other. The plan decides by the gain.",
        "Correct the file, or collect the result again.",
    ),
    "CHK249": Code(
        "error",
        "code or schema of a function cannot be used",
        "The Job would fail when it calls the function, or applies the schema.",
        "Fix the file that the message names.",
    ),
    "CHK257": Code(
        "error",
        "budget in dollars without a price",
        "Nobody can add up what calls cost whose tokens have no price, so the budget would never end.",
        "State the price of the tokens, or limit the calls alone.",
    ),
    "CHK245": Code(
        "error",
        "file contains a credential",
        "Specs, profiles and evidence are committed, and rendered into objects that many people can read.",
        "Revoke it, put a new one into a Secret of the cluster, and name that Secret in `secrets` of the profile.",
    ),
}
