"""What the rules may look at: a spec and its data, flattened into plain facts. Pure, and free of schema versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from compiler.datafiles import DataFile
from compiler.schema.v1alpha1 import DataSource, Purpose, Shape, TrainingSpec


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFacts:
    """A data source as rules see it."""

    name: str
    purpose: Purpose
    shape: Shape
    file: DataFile


@dataclass(frozen=True, kw_only=True, slots=True)
class RoundFacts:
    """A measured prompt round: score between 0 and 1 over `questions`."""

    name: str
    technique: str
    score: float
    questions: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Everything that the rules decide by."""

    metric: str
    target: float
    runs_end_to_end: bool
    full_chain_traces: bool
    model: str
    rounds: tuple[RoundFacts, ...]
    plateau_rounds: int
    plateau_min_gain: float
    gaps: tuple[str, ...]
    sources: tuple[SourceFacts, ...]

    def of(self, purpose: Purpose) -> tuple[SourceFacts, ...]:
        """The sources of one purpose, in the spec's order."""
        return tuple(source for source in self.sources if source.purpose is purpose)

    @property
    def badcases(self) -> int:
        """Labelled badcases, over all sources."""
        return sum(source.file.rows for source in self.of(Purpose.BADCASES))

    @property
    def best_round(self) -> RoundFacts | None:
        """The prompt round with the highest score, the first of equals."""
        return max(self.rounds, key=lambda each: each.score, default=None)

    @property
    def plateau_gain(self) -> float | None:
        """What the latest rounds gained over the best one before them; None when there are too few rounds to tell."""
        earlier, latest = self.rounds[: -self.plateau_rounds], self.rounds[-self.plateau_rounds :]
        if not earlier or not latest:
            return None
        return max(each.score for each in latest) - max(each.score for each in earlier)

    @property
    def plateaued(self) -> bool:
        """Whether prompt work has stopped paying."""
        return self.plateau_gain is not None and self.plateau_gain < self.plateau_min_gain


def facts_of(spec: TrainingSpec, files: Mapping[str, DataFile]) -> Facts:
    """Flatten a checked spec; `files` holds what is known of each data source, by its name."""
    body = spec.spec
    goal = body.goal.metrics[0]
    return Facts(
        metric=goal.name,
        target=goal.target,
        runs_end_to_end=body.system.runs_end_to_end,
        full_chain_traces=body.system.traces is not None and body.system.traces.full_chain,
        model=f"{body.model.name}/{body.model.revision}",
        rounds=tuple(
            RoundFacts(name=each.name, technique=each.technique, score=each.score, questions=each.questions)
            for each in body.prompt.rounds
        ),
        plateau_rounds=body.prompt.plateau.rounds,
        plateau_min_gain=body.prompt.plateau.min_gain,
        gaps=tuple(gap.kind.value for gap in body.gaps),
        sources=tuple(_source_facts(source, files[source.name]) for source in body.data),
    )


def _source_facts(source: DataSource, file: DataFile) -> SourceFacts:
    return SourceFacts(name=source.name, purpose=source.purpose, shape=source.shape, file=file)


def wilson_interval(successes: float, total: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share (Wilson 1927), between 0 and 1."""
    share = successes / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return max(0.0, centre - half), min(1.0, centre + half)
