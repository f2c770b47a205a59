"""Messages for the errors of pydantic, one row per type of error."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails

from compiler.diagnostics.wording import alternatives
from compiler.spec.schema import PATTERN_HINTS
from compiler.spec.yaml.compose import plain_value

TEXT, WHOLE, NUMBER, FLAG = "text", "a whole number", "a number", "`true` or `false`"
LIST, MAPPING, DATE = "a list", "a mapping of fields", "a date such as `2026-01-31`"

# what a field accepts, for a value of another type (SPC103)
TYPES: dict[str, str] = {
    "string_type": TEXT,
    "int_type": WHOLE,
    "int_parsing": WHOLE,
    "int_parsing_size": WHOLE,
    "int_from_float": WHOLE,
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "bool_type": FLAG,
    "bool_parsing": FLAG,
    "list_type": LIST,
    "tuple_type": LIST,
    "dict_type": MAPPING,
    "mapping_type": MAPPING,
    "model_type": MAPPING,
    "model_attributes_type": MAPPING,
    "date_type": DATE,
    "date_parsing": DATE,
    "date_from_datetime_parsing": DATE,
    "date_from_datetime_inexact": DATE,
    "none_required": "empty",
}

# what a field accepts, for a value of the right type (SPC104); the placeholders come from the error's context
VALUES: dict[str, str] = {
    "less_than_equal": "a number of at most {le:,}",
    "less_than": "a number below {lt:,}",
    "greater_than_equal": "a number of at least {ge:,}",
    "greater_than": "a number above {gt:,}",
    "multiple_of": "a multiple of {multiple_of:g}",
    "finite_number": "a finite number",
    "string_too_short": "text of {min_length} or more characters",
    "string_too_long": "text of {max_length} or fewer characters",
    "too_short": "a list of {min_length} or more entries",
    "too_long": "a list of {max_length} or fewer entries",
}


def wording(detail: ErrorDetails) -> tuple[str, str, str]:
    """Return the code of an error, the message after the field's name, and the hint."""
    kind, context = detail["type"], {name: _whole(value) for name, value in detail.get("ctx", {}).items()}
    found = _shown(detail["input"])
    if kind in TYPES:
        wanted = TYPES[kind]
        return "SPC103", f"must be {wanted}, {_not(detail['input'])}", _type_hint(detail["input"], wanted)
    if kind in VALUES:
        wanted = VALUES[kind].format(**context)
        count = f"a list of {context['actual_length']}" if "actual_length" in context else found
        return "SPC104", f"must be {wanted}, not {count}", f"use {wanted}"
    if kind in ("enum", "literal_error"):
        return (
            "SPC104",
            f"must be {alternatives(_choices(context))}, not {found}",
            _suggestion(detail["input"], context),
        )
    if kind == "string_pattern_mismatch":
        hint = PATTERN_HINTS.get(str(context["pattern"]), f"write text that matches `{context['pattern']}`")
        return "SPC104", f"has the wrong form: {found}", hint
    if kind in ("value_error", "assertion_error"):
        return "SPC104", f"is invalid: {context['error']}", "change the value, or remove the field"
    return "SPC104", f"must not be {found}", "use a value that `trainspec schema` allows"


def _not(value: object) -> str:
    return "but has no value" if value is None else f"not {_shown(value)}"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return MAPPING
    if isinstance(value, list):
        return LIST
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text[:60]}…`" if len(text) > 60 else f"`{text}`" if text else "empty text"


def _type_hint(value: object, wanted: str) -> str:
    if wanted == TEXT and isinstance(value, int | float | bool):
        return "put it in quotes"
    if wanted == FLAG:
        return "write `true` or `false`, without quotes"
    if wanted in (NUMBER, WHOLE) and isinstance(value, str) and _is_number(plain_value(value), whole=wanted == WHOLE):
        return "remove the quotes"
    if wanted == LIST and value is not None:
        return "write each entry on its own line, beginning with `- `"
    return "remove the field" if wanted == "empty" else f"write {wanted}"


def _is_number(value: object, *, whole: bool) -> bool:
    return isinstance(value, int if whole else int | float) and not isinstance(value, bool)


def _choices(context: Mapping[str, Any]) -> list[str]:
    return [choice.strip("'") for choice in str(context["expected"]).replace(" or ", ", ").split(", ")]


def _suggestion(value: object, context: Mapping[str, Any]) -> str:
    import difflib  # only needed for an error

    choices = _choices(context)
    close = difflib.get_close_matches(str(value), choices, n=1)
    return f"did you mean `{close[0]}`?" if close else f"use {alternatives(choices)}"


def _whole(value: object) -> object:
    """Return a limit as people write it: 1 rather than 1.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
