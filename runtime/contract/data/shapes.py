"""Shapes of rows: the table from which both sides derive how they read, check and compare rows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from runtime.contract.data.columns import (
    ANSWER,
    CLASS,
    CONVERSATION,
    ID,
    LABEL,
    NOTE,
    OPTIONAL_TEXT,
    OTHER_PROMPT,
    PROMPT,
    TEXT,
    Column,
)


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


class Purpose(StrEnum):
    """Purpose of a data source."""

    DEMONSTRATIONS = "demonstrations"
    PREFERENCES = "preferences"
    BADCASES = "badcases"
    EVALUATION = "evaluation"
    CORPUS = "corpus"
    CHAINS = "chains"
    PROMPTS = "prompts"
    GENERAL = "general"


# TRL's name of a type of dataset, which data cards show
DatasetType = Literal[
    "language modeling", "prompt-only", "prompt-completion", "preference", "unpaired preference", "none"
]


@dataclass(frozen=True, kw_only=True, slots=True)
class RowShape:
    """A shape: its columns by name (prompts first), and the purposes that its sources may have.

    `taught` is the column of the answer that a model learns. `sides` are the right and the wrong answer of a row with
    two answers: a trainer reads the prompt with one of them at a time.
    """

    columns: dict[str, Column]
    purposes: tuple[Purpose, ...]
    dataset_type: DatasetType
    taught: str | None = None
    sides: tuple[str, str] | None = None


# hints list the shapes in this order
SHAPES: dict[str, RowShape] = {
    Shape.TEXT: RowShape(
        columns={"text": TEXT},
        purposes=(Purpose.CORPUS, Purpose.GENERAL),
        dataset_type="language modeling",
    ),
    Shape.PROMPT: RowShape(
        columns={"prompt": PROMPT},
        purposes=(Purpose.PROMPTS,),
        dataset_type="prompt-only",
    ),
    Shape.PROMPT_COMPLETION: RowShape(
        columns={"prompt": PROMPT, "completion": ANSWER},
        purposes=(Purpose.DEMONSTRATIONS, Purpose.PROMPTS, Purpose.GENERAL),
        dataset_type="prompt-completion",
        taught="completion",
    ),
    Shape.MESSAGES: RowShape(
        columns={"messages": CONVERSATION},
        purposes=(Purpose.DEMONSTRATIONS, Purpose.GENERAL),
        dataset_type="language modeling",
        taught="messages",
    ),
    Shape.CHAIN: RowShape(
        columns={"prompt": PROMPT, "chain": TEXT, "completion": ANSWER},
        purposes=(Purpose.CHAINS,),
        dataset_type="prompt-completion",
        taught="completion",
    ),
    Shape.PREFERENCE: RowShape(
        columns={"prompt": PROMPT, "chosen": ANSWER, "rejected": ANSWER},
        purposes=(Purpose.PREFERENCES,),
        dataset_type="preference",
        sides=("chosen", "rejected"),
    ),
    Shape.UNPAIRED_PREFERENCE: RowShape(
        columns={"prompt": PROMPT, "completion": ANSWER, "label": LABEL},
        purposes=(Purpose.PREFERENCES,),
        dataset_type="unpaired preference",
    ),
    Shape.BADCASE: RowShape(
        columns={
            "id": ID,
            "prompt": PROMPT,
            "fix": TEXT,
            "answer": OPTIONAL_TEXT,
            "class": CLASS,
            "kind": NOTE,
            "component": NOTE,
            "passage": NOTE,
            "gold_prompt": OTHER_PROMPT,
        },
        purposes=(Purpose.BADCASES,),
        dataset_type="preference",
        sides=("fix", "answer"),
    ),
    Shape.EVALUATION: RowShape(
        columns={"id": ID, "prompt": PROMPT, "reference": TEXT},
        purposes=(Purpose.EVALUATION, Purpose.GENERAL),
        dataset_type="none",
    ),
}
SYNTHETIC = "synthetic"  # column of rows that a model wrote: they are never used for evaluation (rule G3)
OPTIONAL_TEXTS = ("cluster", "database")  # optional columns of every shape; rows of turns may have `tools` as well

# columns of each shape that contain plain text in some sources and lists of turns in others
TURN_COLUMNS: dict[str, tuple[str, ...]] = {
    shape: tuple(name for name, column in row.columns.items() if column.has_turns) for shape, row in SHAPES.items()
}
# columns of each shape that a trainer or an evaluation reads, prompts first
TEXT_COLUMNS: dict[str, tuple[str, ...]] = {
    shape: tuple(name for name, column in row.columns.items() if column.is_text) for shape, row in SHAPES.items()
}
_ALL_COLUMNS = [named for row in SHAPES.values() for named in row.columns.items()]
VERDICTS = tuple(dict.fromkeys(name for name, column in _ALL_COLUMNS if column.is_verdict))


_REQUIRED = {shape: [name for name, column in row.columns.items() if column.required] for shape, row in SHAPES.items()}


def required_columns(shape: str) -> list[str]:
    """Return the columns that every row of the shape must have."""
    return _REQUIRED[shape]
