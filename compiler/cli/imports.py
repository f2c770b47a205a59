"""The command that imports traces of other tools."""

from argparse import ArgumentTypeError, Namespace
from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.cli.options import FORMAT, command, option


def import_(given: Namespace) -> ExitCode:
    """Import traces of other tools, and report what their exports lost.

    Reads OTLP/JSON, OpenInference (Phoenix), Langfuse, LangSmith, MLflow, OpenAI
    logs, native traces, and any rows whose columns are named. Writes one trace a
    line; one that lost its query, its answer or text does not count as evidence.
    """
    from compiler.cli.import_report import import_traces

    return import_traces(given)


def _columns(text: str) -> dict[str, str]:
    """Return the columns of `query=question,answer=reply`, by field."""
    from compiler.run.imports.formats.table import FIELDS, REQUIRED

    pairs = [each.partition("=") for each in text.split(",") if each.strip()]
    columns = {field.strip(): column.strip() for field, _, column in pairs}
    unknown = [field for field in columns if field not in FIELDS]
    if unknown:
        raise ArgumentTypeError(f"`{unknown[0]}` is no field of a trace: use {', '.join(FIELDS)}")
    missing = [field for field in REQUIRED if not columns.get(field)]
    if missing or not all(columns.values()):
        raise ArgumentTypeError("name at least the columns of query and answer: query=COLUMN,answer=COLUMN")
    return columns


def _tool(text: str) -> str:
    from compiler.run.imports.readers import FORMATS

    if text not in FORMATS:
        raise ArgumentTypeError(f"`{text}` is no known tool: use {', '.join(FORMATS)}")
    return text


FILES = option("files", nargs="+", type=Path, metavar="FILE", help="exported file, or folder of such files")
TO = option("--to", required=True, type=Path, metavar="FILE", help="file of native traces to write, JSONL")
BADCASES = option(
    "--badcases", type=Path, metavar="FILE", help="file of badcases to write, from negative feedback, JSONL"
)
TOOL = option(
    "--tool",
    type=_tool,
    metavar="TOOL",
    help="tool that wrote the files: native, otlp, openinference, langfuse, langsmith, mlflow or openai "
    "[default: find out]",
)
COLUMNS = option(
    "--columns",
    type=_columns,
    metavar="FIELD=COLUMN,...",
    help="columns of other rows, one trace each: query=question,answer=reply,id=key",
)

COMMANDS = (command(import_, FILES, TO, BADCASES, TOOL, COLUMNS, FORMAT),)
