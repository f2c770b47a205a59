"""TRC801 to TRC819: what `trainspec import` reports about the exports of other tools."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "TRC801": Code(
        "error",
        "format of an export is unknown",
        "Rows that no reader knows would be guessed, and a wrong guess is a wrong trace.",
        "Name the columns with `--columns`, or the tool with `--tool`.",
    ),
    "TRC802": Code(
        "error",
        "row of an export cannot be read",
        "A line that ends in the middle, or a row without its ids, is a step that the trace lacks.",
        "Export the rows again.",
    ),
    "TRC803": Code(
        "error",
        "nothing usable is left of an export",
        "Traces without a query or an answer, or with cut text, prove nothing.",
        "Export again with inputs and outputs, and without limits of length.",
    ),
    "TRC804": Code(
        "warning",
        "input is missing",
        "Without the query, nobody can say what the answer should be. Many tools record content only if it is switched on.",
        "Switch on the recording of content, or export with inputs.",
    ),
    "TRC805": Code(
        "warning",
        "output is missing",
        "A trace without an answer and without an error is not whole; the answer may be lost, and not wrong.",
        "Export with outputs, and after the runs have ended.",
    ),
    "TRC806": Code(
        "warning",
        "error is missing",
        "A step failed, and nothing says how, so that its kind cannot be told.",
        "Record the exception of a failed step.",
    ),
    "TRC807": Code(
        "warning",
        "start or end is missing",
        "Latencies cannot be compared, and steps cannot be ordered.",
        "Export start and end of every step, after the runs have ended.",
    ),
    "TRC808": Code(
        "warning",
        "times are impossible",
        "A step ends before it starts, or starts before the step that it is part of: clocks differ, and the order of steps is not known.",
        "Synchronise the clocks of the machines that record.",
    ),
    "TRC809": Code(
        "warning",
        "text was cut",
        "The rest of the text may hold what the answer needed, or the answer itself. A text is cut if it says so, or if "
        "the longest texts of an export all have the length of a known limit.",
        "Raise the limit of length of the recorder or of the export, then export again.",
    ),
    "TRC810": Code(
        "warning",
        "step is doubled",
        "Two steps have one id. Equal copies are left out and lose nothing; if they differ, it is not known which is true.",
        "Export again without overlapping windows, and give each step an id of its own.",
    ),
    "TRC811": Code(
        "warning",
        "text was decoded wrongly",
        "Characters were replaced, so that neither people nor a model read what was written.",
        "Export as UTF-8, and open the export with no other program in between.",
    ),
    "TRC812": Code(
        "warning",
        "parent is missing",
        "The chain from the query to the answer has a hole.",
        "Export all spans of a trace, of every service, and do not sample single spans.",
    ),
    "TRC813": Code(
        "warning",
        "model is not named",
        "Evidence about one model must not count for another.",
        "Record the name of the model with every call.",
    ),
    "TRC814": Code(
        "warning",
        "token counts are missing",
        "Costs and lengths cannot be computed for these calls. Streamed calls are left out.",
        "Record the usage that the provider returns.",
    ),
    "TRC815": Code(
        "warning",
        "text is masked",
        "A trace whose query or answer is nothing but a mask cannot be judged; single masked words do no harm.",
        "Mask personal data only, or export from a place that may see the text.",
    ),
    "TRC816": Code(
        "warning",
        "time without any trace",
        "Whole windows between busy ones are empty: exports by the clock are known to lose them, and shares over time are then wrong.",
        "Export this time again, and compare the number of traces with that in the tool.",
    ),
    "TRC817": Code(
        "warning",
        "values were left out",
        "The recorder dropped attributes, or wrote the name of an object in memory instead of its content.",
        "Raise the limits of the recorder, and record values as JSON.",
    ),
    "TRC818": Code(
        "warning",
        "several roots under one trace id",
        "One query has one root. Each root becomes a trace of its own.",
        "Start a new trace for each query.",
    ),
    "TRC819": Code(
        "error",
        "trace is too large",
        "One query does not take so many steps: many queries share one trace id.",
        "Give each query a trace id of its own.",
    ),
}
