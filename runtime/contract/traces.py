"""Native traces: one query each, with every step from the query to the answer. A file holds one JSON object a line.

The recorder of an application writes them, `trainspec import` makes them from other tools' exports, and
`trainspec triage` labels them.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

TRACE_SCHEMA = "trainspec.dev/trace/v1"

StepKind = Literal["intent", "retrieval", "tool", "model", "agent", "chain", "other"]
LossKind = Literal[
    "clock",  # it ends before it starts, or before its steps
    "cut-text",  # text that a length limit cut
    "doubled",  # the same step twice
    "encoding",  # text that was decoded wrongly
    "no-answer",  # no output
    "no-detail",  # an object that could not be copied, or is too large
    "no-error",  # it failed, and nothing says how
    "no-latency",  # no start or no end
    "no-model",  # a call of a model that is not named
    "no-parent",  # its parent is missing
    "no-query",  # no input
    "no-tokens",  # a call of a model without token counts
    "redacted",  # text that the tool masked
    "roots",  # several steps without a parent under one trace id: one trace for each
    "window",  # no trace in a time in which there should be some
]

# Losses that make a trace useless as evidence, wherever they are, and those that do so only for the query and answer.
UNUSABLE_LOSSES = frozenset({"cut-text", "doubled", "encoding"})
UNUSABLE_TRACE_LOSSES = frozenset({"no-answer", "no-parent", "no-query", "redacted"})


def refusing(losses: Iterable["Loss"]) -> set[str]:
    """Return the kinds of losses for which a trace is no evidence; without one it counts in shares and badcases."""
    return {
        each.kind
        for each in losses
        if each.kind in UNUSABLE_LOSSES or (not each.step and each.kind in UNUSABLE_TRACE_LOSSES)
    }


class _Record(BaseModel):
    """Strict, immutable, and without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Loss(_Record):
    """Something that the trace lacks: its kind, and the `step` that lacks it (empty for the trace itself)."""

    kind: LossKind
    step: str = ""
    detail: str = ""


class Tokens(_Record):
    """Token counts of a call of a model."""

    input: Annotated[int, Field(ge=0)] | None = None
    output: Annotated[int, Field(ge=0)] | None = None


class Step(_Record):
    """One step: the call of a component, with its input, its output, or its error.

    `parent` is the `id` of the step that it is part of, if any. Steps are in the order of their starts.
    """

    id: str
    parent: str | None = None
    kind: StepKind = "other"
    component: str
    input: Any = None
    output: Any = None
    error: str | None = None
    started: datetime | None = None
    milliseconds: Annotated[float, Field(ge=0)] | None = None
    model: str | None = None
    prompt_version: str | None = None
    tokens: Tokens | None = None
    attributes: dict[str, Any] = Field(default={})


class Trace(_Record):
    """One query of a user with its whole chain.

    `model` is `name/revision` where both are known, `source` the tool and the version of its conventions that wrote it.
    `losses` are what the trace is known to lack.
    """

    schema_version: Literal["trainspec.dev/trace/v1"] = Field(alias="schema")
    id: str
    source: str
    session: str | None = None
    started: datetime | None = None
    milliseconds: Annotated[float, Field(ge=0)] | None = None
    query: Any = None
    answer: Any = None
    error: str | None = None
    intent: str | None = None
    model: str | None = None
    prompt_version: str | None = None
    steps: list[Step] = Field(default=[])
    losses: list[Loss] = Field(default=[])
    attributes: dict[str, Any] = Field(default={})
