"""Diagnostics for rows that do not have their shape. The contract checks the rows."""

import re

from compiler.spec.data.errors import Problem
from compiler.spec.data.texts import Row
from runtime.contract.data.media import REMEDY
from runtime.contract.data.rows import RowFault, row_fault
from runtime.contract.data.shapes import SHAPES, TURN_COLUMNS
from runtime.contract.data.turns import turns_fault

_PLACE = re.compile(r"\[\d+\]")
STEP_HINT = "mark turns of the assistant alone, with `train: false`, or with `verdict: right` or `verdict: wrong`"


def shape_problem(row: Row, shape: str) -> Problem | None:
    """Return the problem of a row that does not have the shape, otherwise None."""
    fault = row_fault(row, shape)
    if fault is None:
        return None
    carried = _carried_prompt(row) if shape == "preference" and fault.kind != "media" else None
    return carried or _problem(fault, row, shape)


def _problem(fault: RowFault, row: Row, shape: str) -> Problem:
    match fault.kind:
        case "missing" | "column":
            state = "must be" if row.get(fault.column) is not None else "is missing: it must be"
            expected = SHAPES[shape].columns[fault.column].expected
            return Problem(f"`{fault.column}` {state} {expected}", hint_of(shape))
        case "media":
            return Problem(fault.message, REMEDY, code="CHK236", fold=_PLACE.sub("[]", fault.message))
        case "step":
            return Problem(fault.message, STEP_HINT)
        case "optional":
            return Problem(f"`{fault.column}` must be text, or omitted", "write it in quotes, or omit it")
        case "mixed":
            names = ", ".join(f"`{name}`" for name in TURN_COLUMNS[shape])
            return Problem(f"{names} mix text and turns", "write all fields of a row as text, or all as turns")
        case "tools":
            return Problem(
                "`tools` must be a list of functions, in a row of turns",
                'write each as `{"type": "function", "function": {"name": …, "parameters": …}}`, or omit `tools`',
            )


def hint_of(shape: str) -> str:
    """Return the columns of the shape, as a hint."""
    article = "an" if shape[0] in "aeiou" else "a"
    return f"{article} `{shape}` row has the columns {', '.join(f'`{name}`' for name in SHAPES[shape].columns)}"


def is_conversational(row: Row) -> bool:
    """Return whether the row's prompt or conversation is written as turns."""
    return isinstance(row.get("prompt"), list) or "messages" in row


def _carried_prompt(row: Row) -> Problem | None:
    """Return the problem of a pair whose answers repeat the prompt (TRL's implicit prompts)."""
    chosen, rejected = row.get("chosen"), row.get("rejected")
    if not isinstance(chosen, list) or not isinstance(rejected, list) or turns_fault(chosen) or turns_fault(rejected):
        return None
    before, other = chosen[:-1], rejected[:-1]
    if not before and not other:
        return None
    hint = "write the shared turns in `prompt`, and one `assistant` turn each in `chosen` and `rejected`"
    if before != other:
        return Problem("`chosen` and `rejected` answer different prompts", hint, code="CHK226")
    return Problem("`chosen` and `rejected` repeat the prompt's turns", hint, code="CHK226")
