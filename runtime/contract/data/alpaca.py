"""Rows of `instruction`, `input` and `output`, as Alpaca and LLaMA-Factory write them, as turns.

They become turns, not text: at use, the model reads the question through its chat template, so it learns it that way.
"""

from typing import Any

from runtime.contract.data.faults import Fault, RefusedError
from runtime.contract.data.sharegpt import Turn
from runtime.contract.data.shown import shown, what
from runtime.contract.data.structures import structure_of

COLUMNS = ("instruction", "input", "output", "history")


def question_turns(row: dict[str, Any]) -> list[Turn]:
    """Return the turns before the answer: of `history`, then `instruction` and `input` with a line break between.

    RefusedError if one of them is not text, or both are empty.
    """
    if "context" in row and "input" not in row:
        hint = "map it in the source, `columns: {input: context}`, or remove it"
        raise RefusedError(Fault("context", "is a column of Dolly, and Alpaca's `input` is missing", hint=hint))
    texts = [_text(row, name) for name in ("instruction", "input")]
    question = "\n".join(filter(None, texts))
    if not question:
        raise RefusedError(Fault("instruction", "is empty", hint="write the question, or remove the row"))
    return [*_history(row.get("history")), {"role": "user", "content": question}]


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RefusedError(Fault(name, "is not text", f"{what(value)}, {shown(value)}", "write it as text, in quotes"))
    return value if value.strip() else ""


def _history(value: Any) -> list[Turn]:
    """Return earlier questions with their answers as turns."""
    rounds = structure_of(value, "history") if isinstance(value, str) else value
    turns: list[Turn] = []
    if rounds and not isinstance(rounds, list):
        raise RefusedError(Fault("history", "is not a list of rounds", shown(rounds), _HISTORY))
    for at, each in enumerate(rounds or ()):
        if not isinstance(each, list) or len(each) != 2 or not all(isinstance(text, str) for text in each):
            raise RefusedError(Fault(f"history[{at}]", "is not a question with its answer", shown(each), _HISTORY))
        turns += [{"role": "user", "content": each[0]}, {"role": "assistant", "content": each[1]}]
    return turns


_HISTORY = "write `history` as a list of pairs: [[question, answer], …]"
