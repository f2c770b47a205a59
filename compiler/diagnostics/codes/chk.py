"""CHK2xx: the spec is well-formed, but inconsistent."""

from compiler.diagnostics.codes.row import Code
from runtime.contract.data.file_formats import ALL_FORMATS, PACKAGED_FORMATS

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
    "CHK220": Code(
        "error",
        "data source differs from its card",
        "The figures of a card hold only for the content that was measured.",
        "Run `trainspec data` on the spec again, and commit the card.",
    ),
    "CHK221": Code(
        "warning",
        "data card does not belong to a source",
        "The card is left over, or the name of its source is misspelt.",
        "Remove the card, or correct the source that it names.",
    ),
    "CHK222": Code(
        "error",
        "remote data source without a card",
        "The rows are not in the spec's folder, so the compiler reads their figures from a card.",
        "Run `trainspec data` with `--from` where the rows are, and commit the card.",
    ),
    "CHK223": Code(
        "error",
        "data format cannot be read",
        f"Rows are read from {ALL_FORMATS} files, distinguished by their extension, and from folders of these. A file "
        "that nothing reads would leave its rows out.",
        "Convert the file, correct its extension, or move it out of the folder.",
    ),
    "CHK224": Code(
        "error",
        "package for data is not installed",
        f"Reading {PACKAGED_FORMATS} and measuring data need packages that compiling does not need.",
        "Install them: pip install 'trainspec[data]'.",
    ),
    "CHK225": Code(
        "warning",
        "both answers of a pair are the same",
        "A model learns nothing from such a row; it is left out of training.",
        "Remove the rows, or correct one of the two answers.",
    ),
    "CHK226": Code(
        "error",
        "answers of a pair contain prompts",
        "The prompt of a pair belongs in `prompt`; answers with their own prompts may answer different questions.",
        "Keep the shared turns in `prompt`, and one turn of the assistant in `chosen` and in `rejected`.",
    ),
    "CHK227": Code(
        "error",
        "wrong answer of a badcase is taught",
        "A demonstration with an answer that a badcase logs as wrong teaches the fault that training should fix.",
        "Put the right answer into the demonstration, or remove it.",
    ),
    "CHK228": Code(
        "error",
        "evaluation data is synthetic",
        "A test on rows that a model generated proves little (rule G3), so synthetic rows are never used for evaluation.",
        "Evaluate on real rows; use the synthetic ones for training.",
    ),
    "CHK250": Code(
        "error",
        "evaluation has rows that a model wrote",
        "Rows of an augmentation say so in their column `synthetic`, whatever the spec says of their source. A test on "
        "what a model wrote proves little (rule G3), and a badcase is what a real user met.",
        "Remove these rows, and evaluate on rows of real users or experts.",
    ),
    "CHK229": Code(
        "error",
        "training and evaluation nearly overlap",
        "Questions that differ in a few characters make evaluation look better than it is (rule D14). Other numbers make "
        "another question, and so do other words that the rows themselves use as values of a template.",
        "Remove the rows from training, or give rows of the same meaning one `cluster`, and split by it. Where they are "
        "other questions, `nearQuestions` of the source keeps them, with a reason and an owner.",
    ),
    "CHK248": Code(
        "warning",
        "rows near an evaluation question are kept",
        "An owner has compared the rows with the evaluation, and says that they are other questions.",
        "Have a reviewer compare them too.",
    ),
    "CHK230": Code(
        "warning",
        "rows are too long to train on whole",
        "Trainers silently cut or drop longer rows, and often lose just the answer.",
        "Raise `max_length`, or shorten or split the rows.",
    ),
    "CHK231": Code(
        "warning",
        "overlap was not measured",
        "Only the card of a remote source can show whether it shares rows with the current evaluation data.",
        "Run `trainspec data` where the rows of both sources are, and commit the card.",
    ),
    "CHK232": Code(
        "error",
        "data source needs one of `path` and `uri`",
        "Rows are either in the spec's folder (`path`) or elsewhere (`uri`).",
        "Set one of the two.",
    ),
    "CHK233": Code(
        "error",
        "source has two data cards",
        "The compiler cannot decide which of the two is right.",
        "Remove one of the two.",
    ),
    "CHK234": Code(
        "error",
        "data card differs from a new measurement",
        "`trainspec data --check` measured other figures than the committed card holds.",
        "Run `trainspec data` on the spec, and commit the card.",
    ),
    "CHK235": Code(
        "error",
        "rows are missing here",
        "A remote source can be measured only where its rows are.",
        "Name the rows: --source NAME --from PATH.",
    ),
    "CHK236": Code(
        "error",
        "rows hold images, audio, video or files",
        "trainspec trains and evaluates text only: without the image, a model would learn to guess what it shows.",
        "Remove the column or the part of the turn, or describe in text what it shows.",
    ),
    "CHK237": Code(
        "error",
        "file is not what its name says",
        "A Git LFS pointer, the error page of a download, a file of another format or a part of a compressed file holds "
        "no content that could be reviewed or trained on.",
        "Fetch the file itself, as with `git lfs pull`, or correct its name.",
    ),
    "CHK238": Code(
        "warning",
        "training and evaluation ask in two forms",
        "Turns go through the model's chat template and plain text does not, so the evaluation would measure questions that "
        "the model never learnt to read.",
        "Write the rows of both sources as turns, or both as plain text.",
    ),
    "CHK239": Code(
        "warning",
        "training text quotes an evaluation question",
        "A model that has read the question, and often its answer, shows less in the evaluation than its score says.",
        "Remove the rows, or hold out other questions.",
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
