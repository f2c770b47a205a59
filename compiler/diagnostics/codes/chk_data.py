"""CHK2xx of rows: their values, their copies, and what training shares with evaluation."""

from compiler.diagnostics.codes.row import Code
from runtime.contract.data.file_formats import ALL_FORMATS, PACKAGED_FORMATS

TABLE: dict[str, Code] = {
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
}
