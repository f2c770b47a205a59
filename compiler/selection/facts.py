"""The facts that rules decide by, independent of files and schema versions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from compiler.selection.faults import Attribution, BadcaseGroup
from compiler.selection.figures import Measure, ProbeRun, Reading, Round, Verdict
from compiler.spec.data import DataFile
from compiler.spec.data.gates import Overlap
from compiler.spec.schema.thresholds import Thresholds
from compiler.spec.schema.types import Decoding, GapKind, Purpose, Shape
from runtime.contract.data.labels import LabelFilter


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A data source, as rules see it."""

    name: str
    purpose: Purpose
    shape: Shape
    file: DataFile
    volatile: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """A gap that the team declares; a reason and an owner keep it despite a measurement."""

    kind: GapKind
    reason: str = ""
    owner: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """A metric with its target, 0 to 1."""

    name: str
    target: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """A limit of the deployed system, and what was measured of it; `field` is its name in the spec."""

    field: str
    limit: float
    measured: Measure | None

    @property
    def verdict(self) -> "Verdict | None":
        """`present` if the limit is exceeded, None if nobody measured it."""
        if self.measured is None:
            return None
        if self.measured.low > self.limit:
            return Verdict.PRESENT
        return Verdict.ABSENT if self.measured.high <= self.limit else Verdict.INSUFFICIENT


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    """A metric that a stage may not make worse than `baseline` by more than `margin`."""

    name: str
    margin: float
    baseline: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Teacher:
    """The stronger model that can teach."""

    name: str
    access: str
    outputs_may_train: bool
    shares_vocabulary: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Reward:
    """The reward that reinforcement learning would optimise."""

    kind: str
    per_token_credit: bool


class Passing(StrEnum):
    """The result of a check of a reward."""

    PASSES = "passes"
    WARNS = "warns"
    BLOCKS = "blocks"


@dataclass(frozen=True, kw_only=True, slots=True)
class PreflightCheck:
    """One of the eight checks of a reward: its result, and its figures as readable text."""

    name: str
    passing: Passing
    figures: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """The result of a finished stage; `method` is empty for the base model.

    `own`: the Job has a name of this plan, so the plan keeps the stage. `adapters`: the weights that it evaluated.
    `notes`: its results besides the score. `scores`: every metric. `general`: paired gains of general ability.
    """

    job: str
    own: bool
    method: str
    score: Measure
    gain: Measure | None
    gate: str
    adapters: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    scores: Mapping[str, Measure] = field(default_factory=dict)
    general: tuple[Measure, ...] = ()
    discordance: float | None = None

    @property
    def is_worse(self) -> bool:
        """Whether the stage made the model worse beyond noise."""
        return self.gate == "worse"


@dataclass(frozen=True, kw_only=True, slots=True)
class StageChoice:
    """A stage that the rules chose: its method, data, rules and settings.

    `made_by`: methods of earlier stages whose rows it reads. `on_policy`: it samples the model trained so far.
    """

    method: str
    sources: tuple[str, ...]
    made_by: tuple[str, ...]
    rules: tuple[str, ...]
    settings: Mapping[str, object] = field(default_factory=dict)
    on_policy: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """All facts that the rules decide by.

    The engine refines `gaps`, `chosen` and `left_out` between rules. `rounds` are of the deciding metric, and
    `other_rounds` of the others, by metric. `acts_in_steps`: whether the application is an agent or a chain of tools.
    `small_test_set`: who accepts it, and why; empty if nobody does. `probes`: pass@1 by decoding. `left_out`: labels of
    badcases that the plan does not train on.

    `readings`: the measured gaps. `measures`: every current measure of the probes, by field name. `base_measures`:
    those of the base model alone, which no finished stage changes. `results`: the finished stages, oldest first.
    `preflight`: the eight checks, empty without a report. `verifiable`: whether an evaluation Job can check answers.
    """

    goals: tuple[Goal, ...]
    guards: tuple[Guard, ...]
    limits: tuple[Limit, ...]
    runs_end_to_end: bool
    full_chain_traces: bool
    closed_book: bool
    acts_in_steps: bool
    max_latency_ms: int | None
    verifiable: bool
    small_test_set: str
    model: str
    thresholds: Thresholds
    decoding: Decoding | None
    rounds: tuple[Round, ...]
    other_rounds: Mapping[str, tuple[Round, ...]]
    badcase_groups: tuple[BadcaseGroup, ...]
    attribution: Attribution
    declared: tuple[Declared, ...]
    readings: Mapping[GapKind, Reading]
    recall: Reading | None
    measures: Mapping[str, Measure]
    probes: tuple[ProbeRun, ...]
    base_measures: Mapping[str, Measure]
    chain_cost_ms: float | None
    sources: tuple[Source, ...]
    overlaps: tuple[Overlap, ...]
    teacher: Teacher | None
    reward: Reward | None
    preflight: tuple[PreflightCheck, ...]
    results: tuple[Result, ...]
    gaps: frozenset[GapKind]
    chosen: tuple[StageChoice, ...] = ()
    left_out: frozenset[LabelFilter] = frozenset()

    @property
    def metric(self) -> str:
        """The deciding metric: the first of the goal's."""
        return self.goals[0].name

    @property
    def target(self) -> float:
        """The target of the deciding metric."""
        return self.goals[0].target

    def of(self, purpose: Purpose, *shapes: Shape) -> tuple[Source, ...]:
        """Return the sources of one purpose, and of the shapes where given, in the spec's order."""
        return tuple(each for each in self.sources if each.purpose is purpose and (not shapes or each.shape in shapes))

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods chosen so far."""
        return tuple(each.method for each in self.chosen)

    @property
    def badcases(self) -> int:
        """The number of labelled badcases, over all sources."""
        return sum(source.file.rows for source in self.of(Purpose.BADCASES))

    @property
    def counted_rounds(self) -> tuple[Round, ...]:
        """The comparable rounds: with the decoding of the spec, on the questions of the latest, and on enough."""
        rounds = [each for each in self.rounds if self.decoding is None or each.decoding == self.decoding]
        if not rounds:
            return ()
        last = rounds[-1]
        return tuple(
            each
            for each in rounds
            if (each.test_set, each.questions, each.decoding) == (last.test_set, last.questions, last.decoding)
            and each.questions >= self.thresholds.min_questions
        )

    @property
    def best_round(self) -> Round | None:
        """The comparable prompt round with the highest score, the first of equal ones."""
        return max(self.counted_rounds, key=lambda each: each.score, default=None)

    @property
    def plateau_gain(self) -> float | None:
        """The gain of the latest rounds over the best earlier one; None with too few rounds."""
        latest = self.thresholds.plateau_rounds
        earlier, last = self.counted_rounds[:-latest], self.counted_rounds[-latest:]
        if not earlier:
            return None
        return max(each.score for each in last) - max(each.score for each in earlier)

    @property
    def plateaued(self) -> bool:
        """Whether prompt rounds no longer gain."""
        # scores are written with few digits: 0.60 → 0.62 is a gain of 0.02, whatever binary floats make of it
        return self.plateau_gain is not None and round(self.plateau_gain, 9) < self.thresholds.plateau_min_gain
