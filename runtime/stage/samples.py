"""Sample answers of a stage for its page: those of an evaluation, and those that a training sampled over time.

Answers are foreign text: `shown` replaces what could disturb a page or a terminal.
"""

import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.stage.files import write_json

SAMPLES_FILE = "samples.json"
MOST_CHARACTERS = 4000  # of a text; the files of the stage have the whole


def write_samples(folder: Path, samples: Mapping[str, Any]) -> None:
    """Write the samples of a stage: `answers` of an evaluation by group, or `completions` of a training."""
    write_json(folder / SAMPLES_FILE, dict(samples))


def read_samples(folder: Path) -> dict[str, Any]:
    """Return what `write_samples` wrote; empty if there is no such file, or it is damaged."""
    try:
        document = json.loads((folder / SAMPLES_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def shown(conversation: object) -> str:
    """Return a text, or turns with their roles, as text of at most `MOST_CHARACTERS` characters.

    Control characters, marks that change the direction of writing, and lone surrogates are written by their number.
    """
    turns = conversation if isinstance(conversation, list) else [conversation]
    text = "\n".join(map(_turn, turns))
    cut = f"{text[:MOST_CHARACTERS]}…" if len(text) > MOST_CHARACTERS else text
    return "".join(char if _is_plain(char) else f"\\u{ord(char):04x}" for char in cut)


def _turn(turn: object) -> str:
    if not isinstance(turn, Mapping):
        return turn if isinstance(turn, str) else json.dumps(turn, ensure_ascii=False, default=str)
    content = turn.get("content")
    body = content if isinstance(content, str) else "" if content is None else json.dumps(content, ensure_ascii=False)
    calls = turn.get("tool_calls")
    called = f" {json.dumps(calls, ensure_ascii=False, default=str)}" if calls else ""
    return f"{turn.get('role', '')}: {body}{called}"


def _is_plain(char: str) -> bool:
    return char in "\n\t\u200c\u200d" or unicodedata.category(char) not in ("Cc", "Cf", "Cs")
