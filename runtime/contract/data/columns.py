"""Kinds of columns: the check of a value, the parser of a CSV cell, and the classes of badcases."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from runtime.contract.data.faults import Fault
from runtime.contract.data.shown import shown, what
from runtime.contract.data.turns import STEP_HINT, STEP_KEYS, is_learnt, text_fault, turns_fault


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

    `fault` checks a value, and `expected` describes the right ones. Rows may omit a column that is not `required`.
    `is_text` marks text that a trainer or an evaluation reads, and `has_turns` that it contains turns, at least in some
    sources. `is_verdict` marks a verdict on the answer: rows with different verdicts are not duplicates.
    """

    fault: Callable[[object], Fault | None]
    expected: str
    required: bool = True
    is_text: bool = True
    has_turns: bool = False
    is_verdict: bool = False


def _prompt_fault(value: object) -> Fault | None:
    if not isinstance(value, list):
        return _plain_fault(value)
    if fault := turns_fault(value):
        return fault
    if value[-1]["role"] == "assistant":
        place, hint = f"[{len(value) - 1}]", "end the prompt before the answer"
        return Fault(place, "is an answer: a prompt does not end with the role `assistant`", hint=hint)
    return None


def _answer_fault(value: object) -> Fault | None:
    if not isinstance(value, list):
        return _plain_fault(value)
    if fault := turns_fault(value):
        return fault
    if [turn["role"] for turn in value] != ["assistant"] or "tool_calls" in value[0]:
        found = ", ".join([turn["role"] + " with tool calls" * ("tool_calls" in turn) for turn in value][:5])
        hint = "write one turn, or use the shape `messages`, in which answers may call tools"
        return Fault("", "must be one turn of the `assistant` without tool calls", found, hint)
    for key in STEP_KEYS:
        if key in value[0]:
            problem = "belongs to turns of `messages` or of a prompt: an answer is always learnt"
            return Fault(f"[0].{key}", problem, shown(value[0][key]), STEP_HINT)
    return None


def _conversation_fault(value: object) -> Fault | None:
    if fault := turns_fault(value):
        return fault
    if isinstance(value, list) and all(turn["role"] != "assistant" for turn in value):
        return Fault("", "has no turn of the `assistant`", hint="add the answer, or remove the row")
    if isinstance(value, list) and not any(is_learnt(turn) for turn in value):
        return Fault("", NOTHING_LEARNT, hint=STEP_HINT)
    return None


def _plain_fault(value: object) -> Fault | None:
    if isinstance(value, str):
        return text_fault(value)
    found = f"{what(value)}, {shown(value)}"
    return Fault("", "is neither text nor a list of turns", found, "write it as text, or as a list of turns")


def _label_fault(value: object) -> Fault | None:
    if isinstance(value, bool):
        return None
    return Fault("", "must be true or false", shown(value), "write true for a good answer and false for a bad one")


_CLASSES = frozenset(str(each) for each in BadcaseClass)
_CLASS_NAMES = ", ".join(f"`{name}`" for name in sorted(_CLASSES))


def _class_fault(value: object) -> Fault | None:
    if value is None or (isinstance(value, str) and (value == "" or value in _CLASSES)):
        return None
    return Fault("", f"must be one of {_CLASS_NAMES}, or omitted", shown(value), "correct the class, or omit it")


def _optional_text_fault(value: object) -> Fault | None:
    return None if value is None or value == "" else text_fault(value)


TEXT = Column(fault=text_fault, expected="text that is not empty")
ID = Column(fault=text_fault, expected="text that is not empty", is_text=False)
OPTIONAL_TEXT = Column(fault=_optional_text_fault, expected="text, or omitted if no answer was logged", required=False)
PROMPT = Column(
    fault=_prompt_fault,
    expected="text, or a list of turns that ends before the answer",
    has_turns=True,
)
ANSWER = Column(
    fault=_answer_fault,
    expected="text, or a list of one turn of the `assistant`",
    has_turns=True,
)
CONVERSATION = Column(
    fault=_conversation_fault,
    expected="a list of turns, at least one of the `assistant`",
    has_turns=True,
)
NOTE = Column(fault=_optional_text_fault, expected="text, or omitted", required=False, is_text=False)
# another form of the row's prompt: what a probe asks with the right outputs of the other components
OTHER_PROMPT = Column(
    fault=lambda value: None if value is None else _prompt_fault(value),
    expected="text or turns, or omitted",
    required=False,
    is_text=False,
)
LABEL = Column(fault=_label_fault, expected="true or false", is_text=False, is_verdict=True)
CLASS = Column(fault=_class_fault, expected=f"one of {_CLASS_NAMES}, or omitted", required=False, is_text=False)
