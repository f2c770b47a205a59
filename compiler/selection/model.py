"""The types of selection: what a rule is, what it finds, what it does to the plan, and what is kept of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from compiler.selection.facts import Facts


class Phase(StrEnum):
    """A plan is in exactly one phase."""

    COLLECT = "collect"
    PROMPT = "prompt"
    TRAIN = "train"
    DONE = "done"


class Status(StrEnum):
    """What became of a rule."""

    FIRED = "fired"
    SILENT = "did not fire"
    BLOCKED = "blocked"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A fact that a rule looked at: the field or file it comes from, and its value as people read it."""

    source: str
    value: str


@dataclass(frozen=True, slots=True)
class EnterPhase:
    """Effect: the plan is in this phase; later gates are not asked."""

    phase: Phase


@dataclass(frozen=True, kw_only=True, slots=True)
class AddStage:
    """Effect: train with this method on this data source."""

    method: str
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Configure:
    """Effect: set something on a chosen method's stage."""

    method: str
    settings: Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Replace:
    """Effect: another method, on other data, takes the place of a chosen one."""

    method: str
    by: str
    source: str


@dataclass(frozen=True, slots=True)
class Advise:
    """Effect: something for people to do, shown in the plan."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Warn:
    """Effect: a diagnostic of this code, at the field that it speaks of."""

    code: str
    message: str
    hint: str
    field: tuple[str | int, ...]


Effect = EnterPhase | AddStage | Configure | Replace | Advise | Warn


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a rule's predicate found: whether it fires, why, on which evidence, and its effects if it does."""

    status: Status
    reason: str
    evidence: tuple[Evidence, ...] = ()
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A row of the table.

    `phrase` is the sentence of the method that the rule compiles, empty when derived. A gate (`asked_in` empty) decides
    the phase; any other rule is asked only in the phases named. `gap` is the capability gap that the rule answers.
    """

    id: str
    title: str
    phrase: str
    phrase_en: str
    asked_in: tuple[Phase, ...]
    predicate: Callable[[Facts], Finding]
    gap: str | None = None
    otherwise: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Traced:
    """A rule with what became of it: every rule of the table is in the trace, in the table's order."""

    rule: Rule
    finding: Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class StageChoice:
    """A training stage that the rules chose: method, data source, the rules behind it, its settings."""

    method: str
    source: str
    rules: tuple[str, ...]
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """The decision: the phase, the training stages in order, what people should do, and the whole trace."""

    phase: Phase
    stages: tuple[StageChoice, ...]
    advice: tuple[tuple[str, str], ...]
    warnings: tuple[Warn, ...]
    trace: tuple[Traced, ...]
