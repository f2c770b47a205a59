"""Prompt files: a text with at most one slot for the question; the compiler and the runtime read them alike.

Lines `### user` and `### assistant` after the text begin example turns, which a conversation gets as turns.
"""

import re

SLOT = "{question}"
MAX_PROMPT_BYTES = 64 << 10
_TURN = re.compile(r"^### (user|assistant)[ \t]*$", re.MULTILINE)
# what people write where they mean the slot; other braces are text, such as JSON
_ALIKE = re.compile(r"\{\{\s*question\s*\}\}|\{\s*(?:question|query|input|prompt|问题)\s*\}", re.IGNORECASE)


def prompt_text(content: bytes) -> str:
    """Return the text of a prompt file, without a byte order mark and the white space around it.

    `UnicodeDecodeError` if it is not UTF-8.
    """
    return content.decode("utf-8-sig").replace("\r\n", "\n").strip()


def example_turns(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the text of a prompt before its example turns, and the role and text of each of these."""
    head, *parts = _TURN.split(text)
    turns = zip(parts[::2], (part.strip() for part in parts[1::2]), strict=True)
    return head.strip() if parts else text, list(turns)


def slot_fault(text: str) -> str:
    """Return what is wrong with the slot of a prompt or with its example turns; empty if nothing is."""
    head, turns = example_turns(text)
    roles = [role for role, _ in turns]
    if roles != ["user", "assistant"] * (len(roles) // 2):
        return "its example turns are not pairs of `### user` and `### assistant`"
    if text.count(SLOT) > head.count(SLOT):
        return f"an example turn has the slot `{SLOT}`"
    count = text.count(SLOT)
    if count > 1:
        return f"it has {count} slots `{SLOT}`, but a question fits into one"
    if alike := next((each for each in _ALIKE.findall(text) if each != SLOT), None):
        return f"`{alike}` is no slot"
    return ""
