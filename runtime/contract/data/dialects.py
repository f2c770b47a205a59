"""Rows in the dialects that people write, as native rows: the only rows that trainers, checks and counts see.

A dialect is recognised row by row, by its keys. A row that is native already is returned unchanged.
"""

from collections.abc import Mapping
from typing import Any

from runtime.contract.data.alpaca import COLUMNS as ALPACA
from runtime.contract.data.alpaca import question_turns
from runtime.contract.data.calls import is_padded_schema, native_tools
from runtime.contract.data.cells import CONVERSATIONS, flag_of, may_be_list, parsed, without_empty
from runtime.contract.data.conversations import TEXTS, spread, with_id, with_system
from runtime.contract.data.faults import Fault, RefusedError, RowFault
from runtime.contract.data.mapping import mapped
from runtime.contract.data.openai import native_turns
from runtime.contract.data.preference_forms import with_prompt
from runtime.contract.data.rows import media_row_fault, row_fault
from runtime.contract.data.shapes import SHAPES, TURN_COLUMNS, Shape, required_columns
from runtime.contract.data.shown import shown
from runtime.contract.data.structures import are_turns
from runtime.contract.data.turns import text_fault, text_with_calls

Row = dict[str, Any]

_NO_COLUMNS: Mapping[str, str] = {}
_ABSENT = object()
_GIVEN = ("id", "label", "chain", "fix")  # required columns that no conversation has


def native_row(record: Row, shape: str, columns: Mapping[str, str] = _NO_COLUMNS) -> Row | RowFault:
    """Return a row of a file as a native row of the shape, or its first fault; the record itself is never changed.

    `columns` are native columns with the columns of the file that hold them. A value that is null is missing, as is an
    empty cell of CSV, which its readers give as null.
    """
    found = _native_row(record, shape, columns)
    return _of_empty(record, shape) or found if isinstance(found, RowFault) and found.kind == "missing" else found


def _native_row(record: Row, shape: str, columns: Mapping[str, str]) -> Row | RowFault:
    try:
        row = without_empty(mapped(record, columns, shape) if columns else record)
        fault = row_fault(row, shape)
        if fault is None and not _needs_conversion(row, shape):
            return row
        if (fault is not None and fault.kind == "media") or not TURN_COLUMNS[shape]:
            return fault or row
        converted = _converted(row, shape)
    except RefusedError as error:
        return error.row_fault
    return converted if isinstance(converted, RowFault) else row_fault(converted, shape) or converted


def _of_empty(record: Row, shape: str) -> RowFault | None:
    """Return the fault of the first required column that the file has, but without a value in this row."""
    names = [name for name in required_columns(shape) if name in record]
    empty = next((name for name in names if not without_empty({name: record[name]})), None)
    if empty is None:
        return None
    return RowFault(place=empty, problem="is empty", hint="write the value, or remove the row")


def _needs_conversion(row: Row, shape: str) -> bool:
    """Return whether a row that has its shape says more, in columns or texts that only dialects have."""
    names = TURN_COLUMNS[shape]
    if not names:
        return False
    if "system" in row or "system_prompt" in row or ("functions" in row and not row.get("tools")):
        return True
    if row.get("tools") and is_padded_schema(row["tools"]):
        return True
    if shape == Shape.MESSAGES and ("conversations" in row or "conversation" in row):
        return True
    for name in names:  # a loop, as this is done for every row of a source
        value = row[name]
        if isinstance(value, str) and may_be_list(value):
            return True
    return False


def _converted(row: Row, shape: str) -> Row | RowFault:
    whole = _conversation_in(row, shape)
    lists = [name for name in (whole, "tools", "functions") if name and may_be_list(row.get(name))]
    row = parsed(row, lists, TURN_COLUMNS[shape])
    if media := media_row_fault(row):
        return media
    system = _system_of(row)
    row = _with_tools(row)
    if whole:
        turns = native_turns(row[whole], whole)
        row = spread({name: each for name, each in row.items() if name != whole}, turns, shape, whole)
    elif _lacks(row, shape) and "instruction" in row:
        row = _of_alpaca(row, shape)
    row = _with_turns(row, shape)
    if shape == Shape.PREFERENCE and "chosen" in row and "rejected" in row:
        both = with_prompt(row.get("prompt"), row["chosen"], row["rejected"])
        row |= {name: each for name, each in zip(TURN_COLUMNS[shape], both, strict=True) if each is not None}
    if system is not _ABSENT:
        row = with_system(row, shape, system)
    if shape == Shape.UNPAIRED_PREFERENCE:
        row = _with_label(row)
    return with_id(row) if "id" in SHAPES[shape].columns else row


def _system_of(row: Row) -> Any:
    """Remove the column of the system prompt from the row and return its text, which may be absent."""
    found = [row.pop(name) for name in ("system", "system_prompt") if name in row]
    texts = [each for each in found if each]
    if len(texts) == 2 and texts[0] != texts[1]:
        raise RefusedError(Fault("system_prompt", "differs from `system`", shown(texts[1]), "keep one of the two"))
    return [*texts, *found, _ABSENT][0]


def _lacks(row: Row, shape: str) -> bool:
    """Return whether the row lacks a column that a conversation could hold."""
    return any(name not in row for name in required_columns(shape) if name not in _GIVEN)


def _conversation_in(row: Row, shape: str) -> str | None:
    """Return the column with the whole conversation from which the shape's columns are made; None without one."""
    if shape == Shape.PREFERENCE and ("prompt" in row or _repeats_prompt(row)):
        return None
    if shape != Shape.MESSAGES and not _lacks(row, shape):
        return None
    found = [name for name in CONVERSATIONS if may_be_list(row.get(name))]
    if len({str(row[name]) for name in found}) > 1:
        problem = f"`{found[0]}` and `{found[1]}` hold two conversations"
        raise RefusedError(Fault("", problem, hint="keep one of them, or make two rows of them"))
    return found[0] if found else None


def _repeats_prompt(row: Row) -> bool:
    """Return whether the answers of a pair are conversations of their own."""
    return isinstance(row.get("chosen"), list) and len(row["chosen"]) > 1


def _with_tools(row: Row) -> Row:
    """Return the row with its tools, or old functions, in the native form."""
    tools, place = row.get("tools"), "tools"
    if not tools and isinstance(row.get("functions"), list):
        tools, place = row["functions"], "functions"
    rest = {name: each for name, each in row.items() if name not in ("tools", place)}
    return rest | {"tools": native_tools(tools, place)} if tools else rest


def _of_alpaca(row: Row, shape: str) -> Row:
    """Return the row with the turns of Alpaca's columns; `output` may hold two answers, the better one first."""
    turns, output = question_turns(row), row.get("output")
    rest = {name: each for name, each in row.items() if name not in ALPACA}
    if shape == Shape.PREFERENCE:
        both = output if isinstance(output, list) and len(output) == 2 else []
        return dict(zip(("chosen", "rejected"), both, strict=False)) | rest | {"prompt": turns}
    if shape == Shape.PROMPT or (output is None and not _lacks(rest | {"prompt": turns}, shape)):
        return rest | {"prompt": turns}
    if fault := text_fault(output):
        raise RefusedError(fault.below("output"))
    return spread(rest, [*turns, {"role": "assistant", "content": output}], shape, "output")


def _with_turns(row: Row, shape: str) -> Row:
    """Return the row with each column of turns in the native form; an answer is always learnt."""
    found = dict(row)
    for name in TURN_COLUMNS[shape]:
        if isinstance(found.get(name), list | dict):
            found[name] = native_turns(found[name], name)
            if name not in ("prompt", "messages"):
                found[name] = [
                    {key: each for key, each in turn.items() if (key, each) != ("train", True)} for turn in found[name]
                ]
    for name in TEXTS:
        if are_turns(found.get(name)):
            (turn, *others) = native_turns(found[name], name)
            found[name] = found[name] if others or turn["role"] != "assistant" else text_with_calls(turn)
    return found


def _with_label(row: Row) -> Row:
    """Return the row with its label as a flag, which LLaMA-Factory calls `kto_tag`."""
    label = row.get("label", row.get("kto_tag"))
    rest = {name: each for name, each in row.items() if name != "kto_tag"}
    return rest if label is None else rest | {"label": flag_of(label)}
