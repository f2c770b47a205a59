"""The types of selection: what a rule is, what it finds, what it does to the plan, and what is kept of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from compiler.selection.facts import Evidence, Facts, Result, StageChoice
from compiler.spec.schema.types import BadcaseClass, GapKind, Language


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


@dataclass(frozen=True, slots=True)
class EnterPhase:
    """Effect: the plan is in this phase; later gates are not asked."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class Conclude:
    """Effect: these are the gaps that later rules decide by."""

    gaps: frozenset[GapKind]


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Effect: badcases of this class are not trained on."""

    kind: BadcaseClass


@dataclass(frozen=True, kw_only=True, slots=True)
class AddStage:
    """Effect: a stage of this method, on these data sources and on what earlier stages (by method) make.

    A method that is chosen already gets the further sources and rules. `on_policy`: it runs on what was trained before
    the stage that needs it, not on the base model.
    """

    method: str
    sources: tuple[str, ...] = ()
    made_by: tuple[str, ...] = ()
    on_policy: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Configure:
    """Effect: set something on a chosen method's stage."""

    method: str
    settings: Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Replace:
    """Effect: another method takes the place of a chosen one (with its data, unless other data is named), or none."""

    method: str
    by: str = ""
    sources: tuple[str, ...] | None = None
    made_by: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Attach:
    """Effect: a file for people to install comes with the plan."""

    name: str


@dataclass(frozen=True, slots=True)
class Advise:
    """Effect: something for people to do, shown in the plan."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Warn:
    """Effect: a diagnostic of this code, at the field that it speaks of; a data source is named by its name there."""

    code: str
    message: str
    hint: str
    field: tuple[str | int, ...]


Effect = EnterPhase | Conclude | LeaveOut | AddStage | Configure | Replace | Attach | Advise | Warn


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a rule's predicate found: whether it fires, why, on which evidence, and its effects if it does."""

    status: Status
    reason: str
    evidence: tuple[Evidence, ...] = ()
    effects: tuple[Effect, ...] = ()


def fired(reason: str, evidence: tuple[Evidence, ...], *effects: Effect) -> Finding:
    """The rule applies."""
    return Finding(status=Status.FIRED, reason=reason, evidence=evidence, effects=effects)


def silent(reason: str, *evidence: Evidence) -> Finding:
    """The rule does not apply."""
    return Finding(status=Status.SILENT, reason=reason, evidence=evidence)


def blocked(reason: str, evidence: tuple[Evidence, ...], *effects: Effect) -> Finding:
    """The rule applies, but what it asks for is not allowed yet; the effects say what comes first."""
    return Finding(status=Status.BLOCKED, reason=reason, evidence=evidence, effects=effects)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A row of the table.

    `phrase` is the sentence of the method that the rule compiles, empty when derived. A `gate` is asked until the phase
    is decided; every rule is asked in the phases named, once that is known. `gap` is the gap that the rule speaks of.
    `condition`, `outcome` and `otherwise` say in words when it fires, what then, and what blocks it or happens else.
    """

    id: str
    title: str
    phrase: str
    phrase_en: str
    condition: str
    outcome: str
    otherwise: str
    asked_in: tuple[Phase, ...]
    predicate: Callable[[Facts], Finding]
    gap: GapKind | None = None
    gate: bool = False

    def citation(self, language: Language) -> str:
        """The method's phrase for a reader: English with the Chinese original after it, or that alone.

        Empty for a derived rule.
        """
        if not self.phrase or language is Language.ZH:
            return f"“{self.phrase}”" if self.phrase else ""
        return f"“{self.phrase_en}” (“{self.phrase}”)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Traced:
    """A rule with what became of it: every rule of the table is in the trace, in the table's order."""

    rule: Rule
    finding: Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """The decision: the phase, the gaps decided by, the stages in order, what people should do, and the whole trace."""

    phase: Phase
    gaps: tuple[GapKind, ...]
    stages: tuple[StageChoice, ...]
    left_out: tuple[BadcaseClass, ...]
    attached: tuple[str, ...]
    advice: tuple[tuple[str, str], ...]
    warnings: tuple[Warn, ...]
    results: tuple[Result, ...]
    trace: tuple[Traced, ...]
