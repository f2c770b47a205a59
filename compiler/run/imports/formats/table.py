"""Any other rows: one trace each, in columns that `--columns` names."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256

from pydantic_core import to_json

from compiler.run.imports.span import Format, Item, Note, Row, Span
from compiler.run.imports.values import count, decoded, messages, nanoseconds, number, text

FIELDS = (
    "query",
    "answer",
    "id",
    "session",
    "started",
    "milliseconds",
    "error",
    "model",
    "tokens_in",
    "tokens_out",
    "prompt_version",
    "feedback",
    "comment",
    "correction",
)
REQUIRED = ("query", "answer")
_NEEDS = {  # a loss is no news where the column that would hold it is not named
    "no-latency": ("started", "milliseconds"),
    "no-model": ("model",),
    "no-tokens": ("tokens_in",),
}


def format_of(columns: Mapping[str, str]) -> Format:
    """Return the format of rows with these columns, by field."""
    lacks = frozenset(kind for kind, needed in _NEEDS.items() if any(each not in columns for each in needed))
    recognises, read = partial(_recognises, dict(columns)), partial(_read, dict(columns))
    return Format(name="table", title="rows with named columns", recognises=recognises, read=read, lacks=lacks)


def missing_columns(columns: Mapping[str, str], rows: Sequence[Row], *, are_all: bool) -> list[str]:
    """Return the named columns that no row has; unless these are all rows, optional ones may come later."""
    seen = {name for row in rows for name in row}
    return [column for field, column in columns.items() if column not in seen and (are_all or field in REQUIRED)]


def _recognises(columns: Mapping[str, str], row: Row) -> bool:
    return all(columns[each] in row for each in REQUIRED)


def _read(columns: Mapping[str, str], row: Row) -> Iterator[Item]:
    held = {field: row.get(column) for field, column in columns.items()}
    name = text(held.get("id")) or sha256(to_json(held, inf_nan_mode="null")).hexdigest()[:24]
    milliseconds = number(held.get("milliseconds"))
    error = text(held.get("error"))
    yield Span(
        trace=name,
        id=name,
        component="application",
        source="table",
        kind="model" if "model" in columns else "other",
        input=messages(decoded(held["query"])),
        output=messages(decoded(held["answer"])),
        failed=error is not None,
        error=error,
        start=nanoseconds(held.get("started")),
        milliseconds=milliseconds if milliseconds is not None and milliseconds >= 0 else None,
        model=text(held.get("model")),
        tokens_in=count(held.get("tokens_in")),
        tokens_out=count(held.get("tokens_out")),
        prompt_version=text(held.get("prompt_version")),
        session=text(held.get("session")),
    )
    value = held.get("feedback")
    given = {
        "name": columns.get("feedback"),
        "value": number(value),
        "label": text(value) if number(value) is None else None,
        "comment": text(held.get("comment")),
        "correction": held.get("correction"),
    }
    made = {field: each for field, each in given.items() if each is not None}
    if len(made) > ("feedback" in columns):
        yield Note(name, "", "feedback", made)
