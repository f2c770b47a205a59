"""Values that a file holds in another form than a native row: nulls, turns and tools as text, and flags."""

from collections.abc import Iterable, Mapping
from typing import Any

from runtime.contract.data.structures import structure_of, turns_or_text

Row = dict[str, Any]

CONVERSATIONS = ("messages", "conversations", "conversation")  # columns of whole conversations, never of text
_OPENINGS = ("[", "{", "array(")
_FLAGS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


def without_empty(row: Row) -> Row:
    """Return the row without columns that have no value, which is null in a native row: null, and NaN of pandas.

    The column `system` stays: it says that the rows of the file are questions to a chat model.
    """
    for value in row.values():  # a loop, as this is done for every row of a source
        if value is None or value != value:
            break
    else:
        return row
    return {name: value for name, value in row.items() if name == "system" or not (value is None or value != value)}


def may_be_list(value: object) -> bool:
    """Return whether a value is a list, an object, or text that may hold one."""
    return isinstance(value, list | dict) or (isinstance(value, str) and value.lstrip().startswith(_OPENINGS))


def parsed(row: Mapping[str, Any], lists: Iterable[str], texts: Iterable[str]) -> Row:
    """Return the row with the lists that it holds as text.

    The columns `lists` are never text; the columns `texts` are, unless their text is turns. RefusedError for text that
    is neither.
    """
    found = dict(row)
    for name in lists:
        if isinstance(found.get(name), str):
            found[name] = structure_of(found[name], name)
            if found[name] is None:
                del found[name]
    for name in texts:
        if isinstance(found.get(name), str):
            found[name] = turns_or_text(found[name], name)
    return found


def flag_of(value: Any) -> Any:
    """Return the flag that a number or a text stands for; anything else as it is."""
    if isinstance(value, str):
        return _FLAGS.get(value.strip().lower(), value)
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else value
