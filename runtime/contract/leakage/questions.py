"""The question of a row, and the turns that may hold another one."""

from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]


def question_of(row: Row) -> str:
    """Return the user's question, with normalised spacing; empty for a row without one."""
    return " ".join(" ".join(user_turns(row)).split())


def user_turns(row: Row) -> list[str]:
    """Return the user's turns, or the prompt as the only one; none for a row without a question."""
    return _turns(row, ("user",))


def asked_turns(row: Row) -> list[str]:
    """Return the turns that stand before an answer: of the user, and of the system, which may quote questions."""
    return _turns(row, ("user", "system"))


def _turns(row: Row, roles: tuple[str, ...]) -> list[str]:
    prompt = row.get("prompt")
    if prompt is None:
        prompt = row.get("messages")
    if isinstance(prompt, str):
        return [prompt] if prompt else []
    # the column may hold anything if the shape has no prompt
    turns = prompt if isinstance(prompt, list) and all(isinstance(turn, dict) for turn in prompt) else ()
    return [str(turn.get("content")) for turn in turns if turn.get("role") in roles]
