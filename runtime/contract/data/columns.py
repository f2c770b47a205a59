"""Kinds of columns: the check of a value, the parser of a CSV cell, and the classes of badcases."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from runtime.contract.data.turns import STEP_KEYS, Fault, is_learnt, text_fault, turns_fault


class BadcaseClass(StrEnum):
    """How a kind of badcase occurs, which determines the prompt technique for it."""

    CRITICAL = "critical"
    SYSTEMIC = "systemic"
    HIGH_FREQUENCY = "high-frequency"
    SPORADIC = "sporadic"
    FLOW_CONTROL = "flow-control"
    UNDETERMINED = "undetermined"


# of a conversation in which no turn is learnt
NOTHING_LEARNT = "has nothing to learn: every turn of the `assistant` has `train: false` or `verdict: wrong`"


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A kind of column.

    `fault` checks a value, and `expected` describes the right ones. `parse` reads a CSV cell, which is never empty;
    without it, the cell's text is the value. Rows may omit a column that is not `required`. `is_text` marks text that a
    trainer or an evaluation reads. `is_verdict` marks a verdict on the answer: rows with different verdicts are not
    duplicates.
    """

    fault: Callable[[object], Fault | None]
    expected: str
    parse: Callable[[str], object] | None = None
    required: bool = True
    is_text: bool = True
    is_verdict: bool = False

    @property
    def has_turns(self) -> bool:
        """Whether the column contains turns, at least in some sources."""
        return self.parse is parse_turns


def parse_turns(cell: str) -> object:
    """Return the turns or tools of a CSV cell; text that merely begins with `[` stays text."""
    if not cell.startswith("["):
        return cell
    try:
        turns = json.loads(cell)
    except (ValueError, RecursionError):
        return cell
    return turns if turns and all(isinstance(turn, dict) for turn in turns) else cell


def _parse_label(cell: str) -> object:
    return {"true": True, "false": False}.get(cell.lower(), cell)


def _prompt_fault(value: object) -> Fault | None:
    if not isinstance(value, list):
        return _plain_fault(value)
    if fault := turns_fault(value):
        return fault
    return ("", "ends with the role `assistant`, which is the answer's") if value[-1]["role"] == "assistant" else None


def _answer_fault(value: object) -> Fault | None:
    if not isinstance(value, list):
        return _plain_fault(value)
    if fault := turns_fault(value):
        return fault
    if [turn["role"] for turn in value] != ["assistant"] or "tool_calls" in value[0]:
        return "", "must be one message with the role `assistant` and no tool calls"
    for key in STEP_KEYS:
        if key in value[0]:
            return f"[0].{key}", "belongs to turns of `messages` or of a prompt: an answer is always learnt"
    return None


def _conversation_fault(value: object) -> Fault | None:
    if fault := turns_fault(value):
        return fault
    if isinstance(value, list) and all(turn["role"] != "assistant" for turn in value):
        return "", "has no message with the role `assistant`"
    if isinstance(value, list) and not any(is_learnt(turn) for turn in value):
        return "", NOTHING_LEARNT
    return None


def _plain_fault(value: object) -> Fault | None:
    return text_fault(value) if isinstance(value, str) else ("", "is neither text nor a list of messages")


def _label_fault(value: object) -> Fault | None:
    return None if isinstance(value, bool) else ("", "is not true or false")


_CLASSES = frozenset(str(each) for each in BadcaseClass)
_CLASS_NAMES = ", ".join(f"`{name}`" for name in sorted(_CLASSES))


def _class_fault(value: object) -> Fault | None:
    if value is None or (isinstance(value, str) and (value == "" or value in _CLASSES)):
        return None
    return "", f"must be one of {_CLASS_NAMES}, or omitted"


def _optional_text_fault(value: object) -> Fault | None:
    return None if value is None or value == "" else text_fault(value)


TEXT = Column(fault=text_fault, expected="text that is not empty")
ID = Column(fault=text_fault, expected="text that is not empty", is_text=False)
OPTIONAL_TEXT = Column(fault=_optional_text_fault, expected="text, or omitted if no answer was logged", required=False)
PROMPT = Column(
    fault=_prompt_fault,
    expected="text, or a list of turns with only `role` and `content` (or `tool_calls`) that ends before the answer",
    parse=parse_turns,
)
ANSWER = Column(
    fault=_answer_fault,
    expected="text, or a list of one `assistant` turn with only `role` and `content`",
    parse=parse_turns,
)
CONVERSATION = Column(
    fault=_conversation_fault,
    expected="a list of turns with only `role` and `content` (or `tool_calls`), at least one by the assistant",
    parse=parse_turns,
)
NOTE = Column(fault=_optional_text_fault, expected="text, or omitted", required=False, is_text=False)
LABEL = Column(fault=_label_fault, expected="true or false", parse=_parse_label, is_text=False, is_verdict=True)
CLASS = Column(fault=_class_fault, expected=f"one of {_CLASS_NAMES}, or omitted", required=False, is_text=False)
