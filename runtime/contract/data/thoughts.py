"""Thoughts that a text begins with a tag and never ends: a model that learns such a text never comes to an answer.

The tags are those of the chat templates and data sets of reasoning models: Qwen3 and DeepSeek-R1 (`<think>`), Mistral
(`[THINK]`), Cohere (`<|START_THINKING|>`), Kimi (`◁think▷`), Seed (`<seed:think>`), OpenThoughts
(`<|begin_of_thought|>`), and those that people write by hand.
"""

import re
from collections.abc import Mapping
from typing import Any

from runtime.contract.data.faults import Fault
from runtime.contract.data.shapes import SHAPES, Shape
from runtime.contract.data.shown import shown
from runtime.contract.data.turns import is_learnt

ENDS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<thoughts>": "</thoughts>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|start_thinking|>": "<|end_thinking|>",
    "[think]": "[/think]",
    "◁think▷": "◁/think▷",
}
_SIGNS = ("<", "[", "◁")  # first characters of the tags: a text without them is not searched
_LAST = (">", "]", "▷")
_TAG = f"({'|'.join(map(re.escape, ENDS))})"
_BEGIN = re.compile(rf"^[ \t]*{_TAG}", re.IGNORECASE | re.MULTILINE)
_AT_END = re.compile(rf"{_TAG}\s*\Z", re.IGNORECASE)
_END = {begin: re.compile(re.escape(end), re.IGNORECASE) for begin, end in ENDS.items()}
_CODE = re.compile(r"```.*?```", re.DOTALL)


def endless_thought(text: str) -> str:
    """Return the tag at the start of a line that begins thoughts which never end; empty if there is none.

    Tags inside a line, or in a block of code, are words about tags.
    """
    if not any(sign in text for sign in _SIGNS) or not _BEGIN.search(text):
        return ""
    prose = _CODE.sub("", text)
    return next((tag[1] for tag in _BEGIN.finditer(prose) if not _END[tag[1].lower()].search(prose, tag.end())), "")


def thoughts_fault(row: Mapping[str, Any], shape: str) -> Fault | None:
    """Return the fault of the first right answer of a native row whose thoughts never end.

    A wrong answer may well be one that never ends.
    """
    if shape == Shape.MESSAGES:
        for at, turn in enumerate(row["messages"]):
            if is_learnt(turn) and turn.get("content") and (tag := endless_thought(turn["content"])):
                return _fault(f"messages[{at}].content", turn["content"], tag, "; `train: false` keeps it unlearnt")
        return None
    if shape == Shape.UNPAIRED_PREFERENCE and not row["label"]:
        return None
    for name in _RIGHT[Shape(shape)]:
        place, text = (
            (name, row[name]) if isinstance(row[name], str) else (f"{name}[0].content", row[name][0]["content"])
        )
        if tag := endless_thought(text) or _begun(row.get("prompt"), text):
            return _fault(place, text, tag)
    return None


def _begun(prompt: object, answer: str) -> str:
    """Return the tag with which a prompt of plain text ends, if the answer never ends the thoughts."""
    begun = _AT_END.search(prompt) if isinstance(prompt, str) and prompt.rstrip().endswith(_LAST) else None
    return "" if begun is None or _END[begun[1].lower()].search(answer) else begun[1]


def _fault(place: str, text: str, tag: str, more: str = "") -> Fault:
    end = ENDS[tag.lower()]
    hint = f"write `{end.upper() if tag.isupper() else end}` and the answer after the thoughts, or remove the row{more}"
    return Fault(place, f"has thoughts that begin with `{tag}` and never end", shown(text), hint)


def _right_columns(shape: Shape) -> tuple[str, ...]:
    sides = SHAPES[shape].sides or ()
    return tuple(name for name in SHAPES[shape].columns if name in ("chain", "reference", "completion", *sides[:1]))


_RIGHT = {shape: _right_columns(shape) for shape in Shape}
