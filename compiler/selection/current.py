"""Evidence that counts, from old to new, and how its figures are shown."""

from collections.abc import Iterator
from typing import TypeVar

from compiler.selection.figures import UNVERIFIED, Measure
from compiler.spec.evidence import EvidenceFile
from compiler.spec.inputs import Inputs
from compiler.spec.schema.provenance import Estimate, EvidenceDocument
from compiler.spec.schema.stage_result import Measured, MetricResult
from compiler.spec.stale import stale
from compiler.spec.verified import unverified

R = TypeVar("R", bound=EvidenceDocument)


def current(inputs: Inputs, kind: type[R]) -> Iterator[tuple[EvidenceFile, R]]:
    """Yield the current evidence of one kind, oldest first."""
    for file in inputs.evidence:
        if isinstance(file.report, kind) and not stale(file, inputs):
            yield file, file.report


def shown(file: EvidenceFile, inputs: Inputs) -> str:
    """Return the file's path, marked where nobody can verify its figures."""
    return f"{file.shown}{UNVERIFIED}" if unverified(file, inputs) else file.shown


def measure_of(found: Estimate | Measured | MetricResult, file: str) -> Measure:
    """Return a figure with an interval, of the file at `file`, as a measure."""
    return Measure(value=found.value, low=found.low, high=found.high, file=file)
