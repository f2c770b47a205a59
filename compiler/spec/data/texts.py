"""Texts of a row: what is asked, what is answered, and the digests by which they are known again elsewhere."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]

# the columns of each shape that a trainer or an evaluation reads, prompts first
TEXT_COLUMNS: dict[str, tuple[str, ...]] = {
    "prompt-completion": ("prompt", "completion"),
    "messages": ("messages",),
    "preference": ("prompt", "chosen", "rejected"),
    "unpaired-preference": ("prompt", "completion"),
    "badcase": ("prompt", "fix", "answer"),
    "evaluation": ("prompt", "reference"),
    "text": ("text",),
    "chain": ("prompt", "chain", "completion"),
    "prompt": ("prompt",),
}
# shapes whose rows hold two answers, the right one first: a trainer reads the prompt with one of them at a time
SIDES: dict[str, tuple[str, str]] = {"badcase": ("fix", "answer"), "preference": ("chosen", "rejected")}
# the column of the answer that a row of these shapes teaches
TAUGHT: dict[str, str] = {"prompt-completion": "completion", "chain": "completion", "messages": "messages"}


def plain(value: object) -> str:
    """Text of a plain or conversational field, the turns one after the other; nothing for nothing."""
    if isinstance(value, str):
        return value
    return "\n".join([_said(turn) for turn in value]) if isinstance(value, list) else ""


def _said(turn: Row) -> str:
    """What a turn says: its text, and the calls that it makes."""
    content = turn.get("content") or ""
    return content + json.dumps(turn["tool_calls"], ensure_ascii=False) if turn.get("tool_calls") else content


def asked(row: Row) -> str:
    """What a user asks, whatever its form and spacing; empty for a row without a question."""
    prompt = row.get("prompt")
    if prompt is None:
        prompt = row.get("messages")
    if prompt is None:
        return ""
    if isinstance(prompt, str):
        return " ".join(prompt.split())
    # of a shape without a prompt the column may hold anything
    turns = prompt if isinstance(prompt, list) and all(isinstance(turn, dict) for turn in prompt) else ()
    return " ".join(" ".join([str(turn.get("content")) for turn in turns if turn.get("role") == "user"]).split())


def answered(value: object) -> str:
    """An answer whatever its form and spacing; of a whole conversation, its last turn of the assistant."""
    if isinstance(value, list):
        value = next((_said(turn) for turn in reversed(value) if turn["role"] == "assistant"), "")
    return " ".join(value.split()) if isinstance(value, str) else ""


def digest(*texts: str) -> bytes:
    """A short digest of texts, for comparing and counting (not a proof of identity)."""
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=16).digest()
