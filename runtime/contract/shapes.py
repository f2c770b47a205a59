"""Shapes of rows, the columns of each shape, and classes of badcases."""

from enum import StrEnum
from typing import Literal


class Shape(StrEnum):
    """The shape of a row of a data source."""

    PROMPT_COMPLETION = "prompt-completion"
    MESSAGES = "messages"
    PREFERENCE = "preference"
    UNPAIRED_PREFERENCE = "unpaired-preference"
    BADCASE = "badcase"
    EVALUATION = "evaluation"
    TEXT = "text"
    CHAIN = "chain"
    PROMPT = "prompt"


class BadcaseClass(StrEnum):
    """How a kind of badcase occurs, which determines the prompt technique for it."""

    CRITICAL = "critical"
    SYSTEMIC = "systemic"
    HIGH_FREQUENCY = "high-frequency"
    SPORADIC = "sporadic"
    FLOW_CONTROL = "flow-control"
    UNDETERMINED = "undetermined"


Column = Literal["text", "prompt", "answer", "conversation", "label", "class", "optional text"]

COLUMNS: dict[str, dict[str, Column]] = {
    Shape.PROMPT_COMPLETION: {"prompt": "prompt", "completion": "answer"},
    Shape.MESSAGES: {"messages": "conversation"},
    Shape.PREFERENCE: {"prompt": "prompt", "chosen": "answer", "rejected": "answer"},
    Shape.UNPAIRED_PREFERENCE: {"prompt": "prompt", "completion": "answer", "label": "label"},
    Shape.BADCASE: {"id": "text", "prompt": "prompt", "fix": "text", "answer": "optional text", "class": "class"},
    Shape.EVALUATION: {"id": "text", "prompt": "prompt", "reference": "text"},
    Shape.TEXT: {"text": "text"},
    Shape.CHAIN: {"prompt": "prompt", "chain": "text", "completion": "answer"},
    Shape.PROMPT: {"prompt": "prompt"},
}
OPTIONAL_TEXTS = ("cluster", "database")  # optional columns of every shape; rows of turns may have `tools` as well

# columns of each shape that contain plain text in some sources and lists of turns in others
TURN_COLUMNS: dict[str, tuple[str, ...]] = {
    shape: tuple(name for name, column in columns.items() if column in ("prompt", "answer", "conversation"))
    for shape, columns in COLUMNS.items()
}


def required_columns(shape: str) -> list[str]:
    """Return the columns that every row of the shape must have."""
    return [name for name, column in COLUMNS[shape].items() if column not in ("class", "optional text")]
