"""Measured gaps: the rules' thresholds applied to the measures of probes.

An interval must clear its threshold; otherwise the verdict is `insufficient evidence`.
"""

from collections.abc import Callable, Mapping

from compiler.selection.facts import Evidence, Measure, Reading, Verdict
from compiler.spec.schema.thresholds import Thresholds
from compiler.spec.schema.types import GapKind

Measures = Mapping[str, Measure]
# a test of one measure: its name, its limit, and whether the gap is at or above the limit (else below it)
Test = tuple[str, float, bool]


def readings(measures: Measures, p_value: float | None, limits: Thresholds) -> dict[GapKind, Reading]:
    """Return the reading of each gap that the probes measured."""
    found = {gap: _decide(tests(limits), measures) for gap, tests in TESTS.items()}
    if GapKind.REASONING in found:
        found[GapKind.REASONING] = _significant(found[GapKind.REASONING], p_value, limits)
    return {gap: reading for gap, reading in found.items() if reading is not None}


def recall_only(measures: Measures, limits: Thresholds) -> Reading | None:
    """Return whether the model can use a passage but not recall it: retrieval is enough."""
    return _decide([("recall_gain", limits.recall, True)], measures)


TESTS: dict[GapKind, Callable[[Thresholds], list[Test]]] = {
    GapKind.UNKNOWN_DOMAIN: lambda limits: [
        ("open_book", limits.open_book, False),
        ("control", limits.control, True),
    ],
    GapKind.UNSTABLE: lambda limits: [
        ("pass_at16", limits.unstable_pass, True),
        ("unstable_gain", limits.unstable_gain, True),
    ],
    GapKind.REASONING: lambda limits: [("chain_gain", limits.chain_gain, True)],
    GapKind.PREFERENCE: lambda limits: [("valid", limits.valid, True), ("win", limits.win, True)],
    GapKind.RULE_CONSTRAINTS: lambda limits: [("reward_spread", limits.reward_spread, True)],
    # M6 checks whether the teacher meets the target: a weak teacher blocks distillation, but the gap remains
    GapKind.COMPRESSION: lambda limits: [("teacher_gain", limits.teacher_gain, True)],
}


def _decide(tests: list[Test], measures: Measures) -> Reading | None:
    """Return `present` if every test clears its limit, `absent` if one clearly fails."""
    if not all(name in measures for name, _, _ in tests):
        return None
    evidence = tuple(_evidence(name, limit, above, measures[name]) for name, limit, above in tests)
    verdicts = [_verdict(measures[name], limit, above) for name, limit, above in tests]
    if all(each is Verdict.PRESENT for each in verdicts):
        return Reading(verdict=Verdict.PRESENT, reason="every interval clears its threshold", evidence=evidence)
    if Verdict.ABSENT in verdicts:
        name = tests[verdicts.index(Verdict.ABSENT)][0]
        return Reading(verdict=Verdict.ABSENT, reason=f"`{field_name(name)}` misses its threshold", evidence=evidence)
    name = tests[verdicts.index(Verdict.INSUFFICIENT)][0]
    reason = f"the interval of `{field_name(name)}` contains its threshold"
    return Reading(verdict=Verdict.INSUFFICIENT, reason=reason, evidence=evidence)


def _verdict(measure: Measure, limit: float, above: bool) -> Verdict:
    if above:
        present, absent = measure.low >= limit, measure.high < limit
    else:
        present, absent = measure.high < limit, measure.low >= limit
    return Verdict.PRESENT if present else Verdict.ABSENT if absent else Verdict.INSUFFICIENT


def _significant(reading: Reading | None, p_value: float | None, limits: Thresholds) -> Reading | None:
    """Return the reading, `present` only when McNemar's test confirms it."""
    if reading is None or reading.verdict is not Verdict.PRESENT:
        return reading
    shown = "not given" if p_value is None else f"{p_value:g}"
    evidence = (
        *reading.evidence,
        Evidence(source="chainPValue", value=f"{shown}, below {limits.chain_p_value:g} needed"),
    )
    if p_value is not None and p_value < limits.chain_p_value:
        return Reading(verdict=Verdict.PRESENT, reason=reading.reason, evidence=evidence)
    reason = "McNemar's test finds no significant difference"
    return Reading(verdict=Verdict.INSUFFICIENT, reason=reason, evidence=evidence)


def _evidence(name: str, limit: float, above: bool, measure: Measure) -> Evidence:
    side = "at least" if above else "below"
    return Evidence(source=f"{measure.file} `{field_name(name)}`", value=f"{measure}, {side} {limit:g} needed")


def field_name(name: str) -> str:
    """Return a measure's name in evidence files: `pass_at16` → `passAt16`."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
