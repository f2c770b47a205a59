"""Completions as text, whether a trainer gives them plainly or as turns."""

from typing import Any

from runtime.scoring.text import without_thoughts


def text_of(conversation: str | list[dict[str, Any]]) -> str:
    """The text itself, or that of the last turn; empty where there is none."""
    if isinstance(conversation, str):
        return conversation
    content = conversation[-1].get("content") if conversation else ""
    return content if isinstance(content, str) else ""


def judged(text: str, after: str | None) -> str | None:
    """What of a text is judged, without thoughts: what follows the last `after`; None where that is asked for and
    missing.
    """
    answer = without_thoughts(text)
    if after is None:
        return answer
    _, found, rest = answer.rpartition(after)
    return rest if found else None
