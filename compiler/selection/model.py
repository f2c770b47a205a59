"""The types of selection: rules, findings, effects, and the selection itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from compiler.selection.facts import Facts, Result, StageChoice
from compiler.selection.figures import Evidence
from compiler.spec.schema.types import GapKind, Language
from runtime.contract.data.labels import LabelFilter


class Phase(StrEnum):
    """A plan is in exactly one phase."""

    COLLECT = "collect"
    PROMPT = "prompt"
    TRAIN = "train"
    DONE = "done"


class Status(StrEnum):
    """The status of a rule in a selection."""

    FIRED = "fired"
    SILENT = "did not fire"
    BLOCKED = "blocked"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class EnterPhase:
    """Effect: the plan enters this phase, and later phase rules no longer decide it."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class Conclude:
    """Effect: later rules decide by these gaps."""

    gaps: frozenset[GapKind]


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Effect: the plan does not train on badcases with these labels."""

    labels: LabelFilter


@dataclass(frozen=True, kw_only=True, slots=True)
class AddStage:
    """Effect: add a stage of this method.

    It reads these data sources and the rows that earlier stages (by method) make.

    A method that is already chosen gains the sources and the rule. `on_policy`: it runs on the model trained before the
    stage that needs it, not on the base model.
    """

    method: str
    sources: tuple[str, ...] = ()
    made_by: tuple[str, ...] = ()
    on_policy: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Configure:
    """Effect: change settings of a chosen method's stage."""

    method: str
    settings: Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Replace:
    """Effect: replace a chosen method by another, or remove it.

    The other method keeps its data, unless other data is given.
    """

    method: str
    by: str = ""
    sources: tuple[str, ...] | None = None
    made_by: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Attach:
    """Effect: the plan contains a file for people to install."""

    name: str


@dataclass(frozen=True, slots=True)
class Advise:
    """Effect: the plan advises people to do something."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Warn:
    """Effect: report a diagnostic at `field`, which gives a data source by its name."""

    code: str
    message: str
    hint: str
    field: tuple[str | int, ...]


Effect = EnterPhase | Conclude | LeaveOut | AddStage | Configure | Replace | Attach | Advise | Warn


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """The conclusion of a rule's predicate: its status, reason, evidence and effects."""

    status: Status
    reason: str
    evidence: tuple[Evidence, ...] = ()
    effects: tuple[Effect, ...] = ()


def fired(reason: str, evidence: tuple[Evidence, ...], *effects: Effect) -> Finding:
    """Return the finding of a rule that applies."""
    return Finding(status=Status.FIRED, reason=reason, evidence=evidence, effects=effects)


def silent(reason: str, *evidence: Evidence) -> Finding:
    """Return the finding of a rule that does not apply."""
    return Finding(status=Status.SILENT, reason=reason, evidence=evidence)


def blocked(reason: str, evidence: tuple[Evidence, ...], *effects: Effect) -> Finding:
    """Return the finding of a rule that may not act yet; its effects say what comes first."""
    return Finding(status=Status.BLOCKED, reason=reason, evidence=evidence, effects=effects)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A row of the table.

    `phrase`: the sentence of the method that the rule compiles, empty for a derived rule. `gate`: whether it is a phase
    rule, evaluated until the phase is decided. `evaluated_in`: the phases that evaluate it after that. `gap`: the gap
    that it answers. `condition`, `outcome` and `otherwise` describe when it fires, its result, and what blocks it.
    """

    id: str
    title: str
    phrase: str
    phrase_en: str
    condition: str
    outcome: str
    otherwise: str
    evaluated_in: tuple[Phase, ...]
    predicate: Callable[[Facts], Finding]
    gap: GapKind | None = None
    gate: bool = False

    def citation(self, language: Language) -> str:
        """Return the method's phrase in English with the Chinese original, or that alone.

        Empty for a derived rule.
        """
        if not self.phrase or language is Language.ZH:
            return f"“{self.phrase}”" if self.phrase else ""
        return f"“{self.phrase_en}” (“{self.phrase}”)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Traced:
    """A rule with its finding: the trace has every rule of the table, in the table's order."""

    rule: Rule
    finding: Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """The engine's decision: phase, gaps, stages in order, advice, and the whole trace.

    `goals`: every goal with its figure, of the measured system that misses the fewest.
    """

    phase: Phase
    goals: tuple[Evidence, ...]
    gaps: tuple[GapKind, ...]
    stages: tuple[StageChoice, ...]
    left_out: tuple[LabelFilter, ...]
    attached: tuple[str, ...]
    advice: tuple[tuple[str, str], ...]
    warnings: tuple[Warn, ...]
    results: tuple[Result, ...]
    trace: tuple[Traced, ...]
