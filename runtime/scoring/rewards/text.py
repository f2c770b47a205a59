"""The text of completions, which are plain text or turns."""

from typing import Any

from runtime.contract.answers import without_thoughts


def text_of(conversation: str | list[dict[str, Any]]) -> str:
    """Return plain text unchanged, or the text of the last turn; empty without any."""
    if isinstance(conversation, str):
        return conversation
    content = conversation[-1].get("content") if conversation else ""
    return content if isinstance(content, str) else ""


def judged(text: str, after: str | None) -> str | None:
    """Return the part of a text that rewards judge, without thoughts.

    With `after`, this is the part after its last occurrence, or None without any.
    """
    answer = without_thoughts(text)
    if after is None:
        return answer
    _, found, rest = answer.rpartition(after)
    return rest if found else None
