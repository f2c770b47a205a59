"""RUN733 to RUN737: failures of metrics."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "RUN733": Code(
        "error",
        "metric cannot be used",
        "The function of a metric cannot be imported, or its schema or pattern cannot be read.",
        "Fix the file, then compile the plan again.",
    ),
    "RUN734": Code(
        "error",
        "metric gives no score for many answers",
        "A function that fails on more than one answer in ten measures nothing. A few failures count as wrong answers, and "
        "the report counts them.",
        "Make the function return a truth value, or a number from 0 to 1, for any answer.",
    ),
}
