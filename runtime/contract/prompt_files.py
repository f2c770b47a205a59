"""Prompt files: a text with at most one slot for the question; the compiler and the runtime read them alike."""

import re

SLOT = "{question}"
MAX_PROMPT_BYTES = 64 << 10
# what people write where they mean the slot; other braces are text, such as JSON
_ALIKE = re.compile(r"\{\{\s*question\s*\}\}|\{\s*(?:question|query|input|prompt|问题)\s*\}", re.IGNORECASE)


def prompt_text(content: bytes) -> str:
    """Return the text of a prompt file, without a byte order mark and the white space around it.

    `UnicodeDecodeError` if it is not UTF-8.
    """
    return content.decode("utf-8-sig").replace("\r\n", "\n").strip()


def slot_fault(text: str) -> str:
    """Return what is wrong with the slot of a prompt; empty if nothing is."""
    count = text.count(SLOT)
    if count > 1:
        return f"it has {count} slots `{SLOT}`, but a question fits into one"
    if alike := next((each for each in _ALIKE.findall(text) if each != SLOT), None):
        return f"`{alike}` is no slot"
    return ""
