"""Whole conversations in the columns of a shape: the prompt, and the last answer as its completion or reference."""

import hashlib
import json
from typing import Any

from runtime.contract.data.faults import Fault, RefusedError
from runtime.contract.data.shapes import TURN_COLUMNS, Shape
from runtime.contract.data.sharegpt import Turn
from runtime.contract.data.shown import shown, what
from runtime.contract.data.turns import THOUGHTS, text_with_calls

Row = dict[str, Any]

# the column of the last answer; in the others of them it is text
_ANSWERS = {
    Shape.PROMPT_COMPLETION: "completion",
    Shape.CHAIN: "completion",
    Shape.UNPAIRED_PREFERENCE: "completion",
    Shape.EVALUATION: "reference",
    Shape.BADCASE: "answer",
}
TEXTS = ("reference", "answer", "fix", "chain")  # columns of text, which some write as one turn


def spread(row: Row, turns: list[Turn], shape: str, place: str) -> Row:
    """Return the row with the turns of a conversation in the columns of its shape; `place` names their column.

    The last answer is what the row teaches or expects; without one, RefusedError.
    """
    if shape == Shape.MESSAGES:
        return row | {"messages": turns}
    if shape == Shape.PREFERENCE:
        return row | {"prompt": turns}
    name = _ANSWERS.get(Shape(shape), "")
    answer = turns[-1] if turns[-1]["role"] == "assistant" else None
    if answer is None:
        if name and name not in row and shape != Shape.BADCASE:
            problem = f"is of the `{turns[-1]['role']}`: the conversation has no answer at its end"
            raise RefusedError(Fault(f"{place}[{len(turns) - 1}]", problem, hint="add the answer, or remove the row"))
        return row | {"prompt": turns}
    row = row | {"prompt": turns[:-1]}
    if not name or name in row:
        return row
    if name != "completion":
        return row | {name: text_with_calls(answer)}
    if shape == Shape.CHAIN and "chain" not in row and THOUGHTS in answer:
        row["chain"], answer = answer[THOUGHTS], {key: each for key, each in answer.items() if key != THOUGHTS}
    return row | {name: [answer]}


def with_system(row: Row, shape: str, system: Any) -> Row:
    """Return the row as turns that begin with the text of its column `system`, which may be empty.

    RefusedError if that is not text, or if the turns have another system prompt.
    """
    if system is not None and not isinstance(system, str):
        found = f"{what(system)}, {shown(system)}"
        raise RefusedError(Fault("system", "is not text", found, "write the system prompt as text"))
    names = TURN_COLUMNS[shape]
    for name, role in zip(names, ("user", "assistant", "assistant"), strict=False):
        if isinstance(row.get(name), str):
            row = row | {name: [{"role": role, "content": row[name]}]}
    turns = row.get(names[0])
    if not system or not system.strip() or not isinstance(turns, list) or not turns:
        return row
    if turns[0]["role"] != "system":
        return row | {names[0]: [{"role": "system", "content": system}, *turns]}
    if turns[0]["content"].strip() != system.strip():
        hint = "keep the column `system`, or the turn"
        raise RefusedError(Fault("system", "differs from the system turn of the row", shown(system), hint))
    return row


def with_id(row: Row) -> Row:
    """Return the row with an `id` as text: without one, the digest of its texts, which is the same in any file."""
    if isinstance(row.get("id"), str):
        return row
    if "id" in row:
        name = row["id"]
        return row | {"id": str(name)} if isinstance(name, int) and not isinstance(name, bool) else row
    texts = [row.get(name) for name in ("prompt", "reference", "fix", "answer")]
    whole = json.dumps(texts, ensure_ascii=False, sort_keys=True).encode(errors="replace")
    return row | {"id": f"row-{hashlib.sha256(whole).hexdigest()[:16]}"}
