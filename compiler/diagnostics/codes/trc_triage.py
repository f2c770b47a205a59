"""TRC830 to TRC849: traces, labels and reports of `trainspec triage`."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "TRC830": Code(
        "error",
        "no traces to triage",
        "Badcases come from traces of real queries.",
        "Record or import traces, and name their files.",
    ),
    "TRC831": Code(
        "warning",
        "line is no trace",
        "Its query would be missing in every share. A kill of the recorder may cut the last line of a file.",
        "Record or import the trace again.",
    ),
    "TRC832": Code(
        "error",
        "too many traces to triage",
        "People label hundreds, and a random sample of many thousands shows the same kinds.",
        "Give fewer files.",
    ),
    "TRC833": Code(
        "error",
        "labels cannot be read",
        "A report without some of the labels would be wrong, and nobody would notice.",
        "Resolve the merge conflict, or restore the file from Git.",
    ),
    "TRC834": Code(
        "error",
        "verdicts cannot be read",
        "A check without some of its verdicts would seem to agree with people.",
        "Write one object a line with `trace`, `check` and `pass`.",
    ),
    "TRC835": Code(
        "error",
        "nothing to report",
        "Shares need badcases with a kind among traces that were drawn at random.",
        "Label traces in the order of the page.",
    ),
    "TRC836": Code(
        "error",
        "no source for badcases",
        "The rules count badcases of a data source, so the spec must name the file that triage writes.",
        "Add a source of purpose `badcases` whose path ends with `.jsonl`.",
    ),
    "TRC837": Code(
        "warning",
        "labels without their traces",
        "A label holds for what a person saw, so it does not move to a trace that has changed.",
        "Label changed traces again, and name all files of traces.",
    ),
    "TRC838": Code(
        "warning",
        "badcase is incomplete",
        "Without a kind it is in no share, and without a right answer it teaches nothing.",
        "Complete its label on the page.",
    ),
    "TRC839": Code(
        "error",
        "package of triage is missing",
        "Clusters and checks use libraries that other commands do not need.",
        "Install it: pip install 'trainspec[triage]'.",
    ),
}
