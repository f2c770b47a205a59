"""Probe reports as measures: those of one decoding together, since others must not meet in one verdict."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from compiler.selection.current import current, measure_of, shown
from compiler.selection.figures import Measure, ProbeRun
from compiler.spec.inputs import Inputs
from compiler.spec.schema.evidence import ProbeReport
from compiler.spec.schema.provenance import Estimate
from compiler.spec.schema.types import Decoding

Reports = Iterable[tuple[str, ProbeReport]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """The latest measures of one decoding, and McNemar's p of `chain_gain`."""

    decoding: Decoding
    measures: Mapping[str, Measure]
    chain_p_value: float | None

    @property
    def is_sampled(self) -> bool:
        """Whether several samples of a prompt can differ."""
        return self.decoding.temperature > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Probes:
    """What probes measured.

    `of_base` has the measures of the base model by decoding, latest last: gaps come from the base model, since a probe
    of a model that the plan trained must not remove the reason to train it. `measures` are the latest of any model.
    """

    of_base: tuple[Measured, ...]
    measures: Mapping[str, Measure]
    runs: tuple[ProbeRun, ...]
    chain_cost_ms: float | None

    @property
    def base_measures(self) -> dict[str, Measure]:
        """The latest measures of the base model; those of several samples come before those of greedy decoding."""
        groups = sorted(self.of_base, key=lambda each: each.is_sampled)
        return {name: measure for each in groups for name, measure in each.measures.items()}

    @classmethod
    def of(cls, inputs: Inputs) -> "Probes":
        """Return what the current probe reports measured."""
        reports = [(shown(file, inputs), report) for file, report in current(inputs, ProbeReport)]
        # a probe of a trained model measures what the base model's did not
        base_last = sorted(reports, key=lambda each: "+" not in each[1].spec.model)
        return cls(
            of_base=tuple(_by_decoding(base_last)),
            measures=_latest(sorted(reports, key=lambda each: each[1].spec.temperature > 0)),
            runs=tuple(
                ProbeRun(decoding=each.decoding, pass_at1=each.measures["pass_at1"])
                for each in _by_decoding(reports)
                if "pass_at1" in each.measures
            ),
            chain_cost_ms=_chain_cost(reports),
        )


def _by_decoding(reports: Reports) -> Iterator[Measured]:
    """Yield the measures of each decoding, those of the latest report last."""
    grouped: dict[Decoding, list[tuple[str, ProbeReport]]] = {}
    for file, report in reports:
        body = report.spec
        decoding = Decoding(temperature=body.temperature, constrained=body.constrained)
        grouped[decoding] = [*grouped.pop(decoding, []), (file, report)]
    for decoding, group in grouped.items():
        p_values = [each.spec.measures.chain_p_value for _, each in group if each.spec.measures.chain_gain is not None]
        yield Measured(decoding=decoding, measures=_latest(group), chain_p_value=p_values[-1] if p_values else None)


def _latest(reports: Reports) -> dict[str, Measure]:
    return {
        name: measure_of(value, file)
        for file, report in reports
        for name, value in report.spec.measures
        if isinstance(value, Estimate)
    }


def _chain_cost(reports: Reports) -> float | None:
    """Return the milliseconds of a chain's tokens; None where either figure is missing."""
    tokens = pace = None
    for _, report in reports:
        tokens = report.spec.measures.chain_tokens or tokens
        pace = report.spec.measures.ms_per_token or pace
    return None if tokens is None or pace is None else tokens * pace
