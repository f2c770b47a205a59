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
}
