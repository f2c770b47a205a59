"""Figures that rules decide by, with their sources, and what they show."""

from dataclasses import dataclass
from enum import StrEnum

from compiler.spec.schema.types import Decoding
from runtime.contract.statistics import wilson_interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A fact that a rule used: its field or file, and its value as readable text."""

    source: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """A prompt round: its score (0 to 1) on `questions` of the test set with this digest.

    `decoding` is None where neither the round nor the spec names it. `interval` is that of a judged score, which is
    corrected for the judge's errors.
    """

    name: str
    technique: str
    score: float
    questions: int
    test_set: str
    file: str
    decoding: Decoding | None = None
    interval: tuple[float, float] | None = None

    @property
    def measure(self) -> "Measure":
        """The score with its 95 % interval: Wilson's, or that of the correction."""
        low, high = self.interval or wilson_interval(self.score, self.questions)
        return Measure(value=self.score, low=low, high=high, file=self.file)


class Verdict(StrEnum):
    """The verdict of a probe on a gap."""

    PRESENT = "present"
    ABSENT = "absent"
    INSUFFICIENT = "insufficient evidence"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A measured gap: the verdict, why, and the measures behind it."""

    verdict: Verdict
    reason: str
    evidence: tuple[Evidence, ...]


UNVERIFIED = " (unverified)"  # follows the path of a file whose figures nobody can verify


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """A measured value, with its 95 % interval and the file that it comes from, marked where nobody can verify it."""

    value: float
    low: float
    high: float
    file: str

    @property
    def path(self) -> str:
        """The path of the file, without the mark."""
        return self.file.removesuffix(UNVERIFIED)

    def __str__(self) -> str:
        return f"{self.value:.3f} (95 % {self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeRun:
    """pass@1 of a probe, with the decoding that it used."""

    decoding: Decoding
    pass_at1: Measure
