"""Texts of a row: its question, its answers, and their digests for comparing sources."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from runtime.contract.data.shapes import VERDICTS
from runtime.contract.data.turns import THOUGHTS, is_learnt

Row = Mapping[str, Any]


def plain(value: object) -> str:
    """Return the text of a plain or conversational field, turn after turn, each with its thoughts before it."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return ""
    return "\n".join(
        [f"{turn[THOUGHTS]}\n{_turn_text(turn)}" if turn.get(THOUGHTS) else _turn_text(turn) for turn in value]
    )


def _turn_text(turn: Row) -> str:
    """Return the text of a turn and its tool calls."""
    content = turn.get("content") or ""
    return content + json.dumps(turn["tool_calls"], ensure_ascii=False) if turn.get("tool_calls") else content


def answer_of(value: object) -> str:
    """Return an answer, or the last turn that a model learns, with normalised spacing."""
    if isinstance(value, list):
        value = next((_turn_text(turn) for turn in reversed(value) if is_learnt(turn)), "")
    return " ".join(value.split()) if isinstance(value, str) else ""


def digest(*texts: str) -> bytes:
    """Return a short digest of texts, for comparing and counting (not a proof of identity)."""
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=16).digest()


def content_digest(row: Row, texts: list[str]) -> bytes:
    """Return the digest by which rows are duplicates: of the texts of the row and the verdicts on its answers."""
    return digest(*texts, *[str(row.get(name, "")) for name in VERDICTS], *_steps_of(row.get("messages")))


def _steps_of(turns: object) -> list[str]:
    """Return the positions of the assistant's turns that are not learnt; empty if all are."""
    if not isinstance(turns, list):
        return []
    steps = [(at, turn) for at, turn in enumerate(turns) if isinstance(turn, dict) and turn.get("role") == "assistant"]
    return [f"not {at}" for at, turn in steps if not is_learnt(turn)]
