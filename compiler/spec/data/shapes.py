"""Why a row is not of its shape, in the words of diagnostics. The checks are the contract's."""

from compiler.spec.data.errors import Problem
from compiler.spec.data.texts import Row
from runtime.contract.rows import CLASSES, RowFault, row_fault
from runtime.contract.shapes import COLUMNS, TURN_COLUMNS, Column
from runtime.contract.turns import turns_fault

# columns whose cells of CSV may hold JSON
PARSED = (*dict.fromkeys(name for names in TURN_COLUMNS.values() for name in names), "tools")

_EXPECTED: dict[Column, str] = {
    "text": "text that is not empty",
    "prompt": "text, or a list of turns with just `role` and `content` (or `tool_calls`) that ends before the answer",
    "answer": "text, or a list of one `assistant` turn with just `role` and `content`",
    "conversation": "a list of turns with just `role` and `content` (or `tool_calls`), one of them the assistant's",
    "label": "true or false",
    "class": f"one of {', '.join(f'`{name}`' for name in sorted(CLASSES))}, or left out",
    "optional text": "text, or nothing where no answer was logged",
}


def shape_problem(row: Row, shape: str) -> Problem | None:
    """Why the row is not of the shape, if it is not."""
    fault = row_fault(row, shape)
    if fault is None:
        return None
    return (_carried_prompt(row) if shape == "preference" else None) or _worded(fault, row, shape)


def _worded(fault: RowFault, row: Row, shape: str) -> Problem:
    match fault.kind:
        case "missing" | "column":
            state = "should be" if row.get(fault.column) is not None else "is missing: it should be"
            return Problem(f"`{fault.column}` {state} {_EXPECTED[COLUMNS[shape][fault.column]]}", hint_of(shape))
        case "optional":
            return Problem(f"`{fault.column}` should be text, or left out", "write it in quotes, or leave it out")
        case "mixed":
            names = ", ".join(f"`{name}`" for name in TURN_COLUMNS[shape])
            return Problem(f"{names} mix text and turns", "write all of a row's fields as text, or all as turns")
        case "tools":
            return Problem(
                "`tools` should be a list of functions, beside a conversation written as turns",
                'write each as `{"type": "function", "function": {"name": …, "parameters": …}}`, or leave `tools` out',
            )


def hint_of(shape: str) -> str:
    """What a row of the shape holds, as a hint."""
    article = "an" if shape[0] in "aeiou" else "a"
    return f"{article} `{shape}` row holds {', '.join(f'`{name}`' for name in COLUMNS[shape])}"


def is_conversational(row: Row) -> bool:
    """Whether the row's prompt, or the whole of it, is written as turns."""
    return isinstance(row.get("prompt"), list) or "messages" in row


def _carried_prompt(row: Row) -> Problem | None:
    """Pairs whose answers repeat the prompt (TRL's implicit prompts), which may even differ between the two."""
    chosen, rejected = row.get("chosen"), row.get("rejected")
    if not isinstance(chosen, list) or not isinstance(rejected, list) or turns_fault(chosen) or turns_fault(rejected):
        return None
    before, other = chosen[:-1], rejected[:-1]
    if not before and not other:
        return None
    hint = "keep the shared turns in `prompt`, and one `assistant` turn each in `chosen` and `rejected`"
    if before != other:
        return Problem("`chosen` and `rejected` answer different prompts", hint, code="CHK226")
    return Problem("`chosen` and `rejected` hold the prompt's turns too", hint, code="CHK226")
