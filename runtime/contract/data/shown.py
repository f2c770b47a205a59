"""Values of rows as messages show them: short, on one line, and without characters that change a terminal or a page."""

import json

MAX_SHOWN = 60  # characters of a value


def shown(value: object) -> str:
    """Return the value as JSON in backticks, cut to `MAX_SHOWN` characters; rows are untrusted."""
    text = value if isinstance(value, str) else _written(value)
    whole = _safe(text[: MAX_SHOWN * 2])
    return f"`{whole[:MAX_SHOWN]}…`" if len(whole) > MAX_SHOWN or len(text) > MAX_SHOWN * 2 else f"`{whole}`"


def shown_name(name: object) -> str:
    """Return the name of a column or key, cut and without control characters and backticks."""
    return _safe(str(name)[: MAX_SHOWN + 20])


def what(value: object) -> str:
    """Return the kind of a value in words, such as `an object`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    for kind, words in ((str, "text"), (int | float, "a number"), (list | tuple, "a list"), (dict, "an object")):
        if isinstance(value, kind):
            return words
    return f"a value of type `{type(value).__name__}`"


def _written(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError, TypeError):
        return type(value).__name__


def _safe(text: str) -> str:
    one_line = " ".join(text.split())
    return "".join([each if each.isprintable() and each != "`" else "\N{REPLACEMENT CHARACTER}" for each in one_line])
