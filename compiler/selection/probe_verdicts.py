"""Measured gaps: the rules' thresholds applied to the measures of probes.

An interval must clear its threshold; otherwise the verdict is `insufficient evidence`. The measures of one verdict have
one decoding.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from compiler.selection.figures import Evidence, Measure, Reading, Verdict
from compiler.selection.gather_probes import Measured
from compiler.spec.schema.thresholds import Thresholds
from compiler.spec.schema.types import GapKind

Measures = Mapping[str, Measure]
# a test of one measure: its name, its limit, and whether the gap is at or above the limit (else below it)
Test = tuple[str, float, bool]

# gaps that only several samples of a prompt can show
SAMPLED = (GapKind.UNSTABLE, GapKind.UNTAUGHT, GapKind.RULE_CONSTRAINTS)


def readings(
    groups: Sequence[Measured], limits: Thresholds, *, target: float, success: Measure | None
) -> dict[GapKind, Reading]:
    """Return the reading of each gap that the probes measured.

    `groups` are the measures of each decoding, the latest last. `target` is that of the deciding metric, and `success`
    its latest score on the test set.
    """
    found = {gap: _latest(_of_gap(gap, groups, limits)) for gap in TESTS}
    found[GapKind.PREFERENCE] = _latest(_preference(each, limits, success) for each in reversed(groups))
    known = {gap: reading for gap, reading in found.items() if reading is not None}
    untaught = _latest(_untaught(each, limits, target, known) for each in reversed(groups) if each.is_sampled)
    return known | ({GapKind.UNTAUGHT: untaught} if untaught else {})


def recall_only(groups: Sequence[Measured], limits: Thresholds) -> Reading | None:
    """Return whether the model can use a passage but not recall it: retrieval is enough."""
    return _latest(_decide([("recall_gain", limits.recall, True)], each.measures) for each in reversed(groups))


def _latest(found: Iterable[Reading | None]) -> Reading | None:
    return next((each for each in found if each is not None), None)


def _of_gap(gap: GapKind, groups: Sequence[Measured], limits: Thresholds) -> Iterable[Reading | None]:
    """Yield the readings of a gap, that of the latest decoding first."""
    for each in reversed(groups):
        if gap not in SAMPLED or each.is_sampled:
            found = _decide(TESTS[gap](limits), each.measures)
            yield _significant(found, each.chain_p_value, limits) if gap is GapKind.REASONING else found


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
    GapKind.RULE_CONSTRAINTS: lambda limits: [("reward_spread", limits.reward_spread, True)],
    # M6 checks whether the teacher meets the target: a weak teacher blocks distillation, but the gap remains
    GapKind.COMPRESSION: lambda limits: [("teacher_gain", limits.teacher_gain, True)],
}
# the measures that a probe takes of each gap, for people to know what is missing
MEASURED_BY: dict[GapKind, tuple[str, ...]] = {
    **{gap: tuple(name for name, _, _ in tests(Thresholds())) for gap, tests in TESTS.items()},
    GapKind.PREFERENCE: ("valid", "win"),
    GapKind.UNTAUGHT: ("pass_at1", "agreement", "control"),
}


def probe_tests(limits: Thresholds, target: float) -> dict[str, list[Test]]:
    """Return the tests of every verdict that a probe shall make clear, by its name.

    `greedy` and `constrained` are pass@1 of other decodings, which rule C2 reads; `target` is that of the deciding
    metric.
    """
    gaps: dict[str, list[Test]] = {str(gap): tests(limits) for gap, tests in TESTS.items()}
    return gaps | {
        str(GapKind.UNTAUGHT): [
            ("pass_at1", target, False),
            ("agreement", limits.agreement, True),
            ("control", limits.control, True),
        ],
        "recall": [("recall_gain", limits.recall, True)],
        "component": [("gold_output", target, True)],
        "decoding: greedy": [("greedy", target, True)],
        "decoding: constrained": [("constrained", target, True)],
        "never right": [("pass_at16", limits.near_zero_pass, False)],
        "right at times": [("pass_at16", limits.sometimes, True)],
        "target": [("pass_at1", target, True)],
    }


def _preference(group: Measured, limits: Thresholds, success: Measure | None) -> Reading | None:
    """Return the reading of a preference gap, which has two forms.

    People prefer one of two valid answers; or one answer is right and the other wrong, which teaches a model that
    succeeds at times: by pass@16 of the badcases, else by its score on the test set.
    """
    measures = group.measures
    both_valid = _decide([("valid", limits.valid, True), ("win", limits.win, True)], measures)
    if both_valid is None or both_valid.verdict is Verdict.PRESENT:
        return both_valid and replace(both_valid, reason="people prefer one of two valid answers")
    if measures["valid"].low >= limits.valid or measures["win"].low < limits.win:
        return both_valid
    succeeds = measures.get("pass_at16") or success
    if succeeds is None:
        return both_valid
    shown = f"`passAt16` {succeeds}" if "pass_at16" in measures else f"the score on the test set {succeeds}"
    evidence = (
        *both_valid.evidence,
        Evidence(source=f"{succeeds.file}: right at times", value=f"{shown}, at least {limits.sometimes:g} needed"),
    )
    if succeeds.low >= limits.sometimes:
        reason = "one answer of a pair is right and the other wrong, and the model is right at times"
        return Reading(verdict=Verdict.PRESENT, reason=reason, evidence=evidence)
    if succeeds.high < limits.sometimes:
        reason = "one answer of a pair is right, but the model is hardly ever right itself"
        return Reading(verdict=Verdict.ABSENT, reason=reason, evidence=evidence)
    reason = "the interval of how often the model is right contains its threshold"
    return Reading(verdict=Verdict.INSUFFICIENT, reason=reason, evidence=evidence)


def _untaught(group: Measured, limits: Thresholds, target: float, known: Mapping[GapKind, Reading]) -> Reading | None:
    """Return whether the model is consistent and wrong: the task's labels or conventions were never learnt.

    Without `agreement`, samples that hardly ever differ in being right show it, unless another gap explains the errors.
    """
    measures = group.measures
    passed = "pass_at1" if "pass_at1" in measures else "pass_at16"  # which is never below pass@1
    if passed not in measures:
        return None
    tests: list[Test] = [(passed, target, False)]
    inferred = "agreement" not in measures
    if not inferred:
        tests.append(("agreement", limits.agreement, True))
    elif "unstable_gain" in measures and "pass_at16" in measures:
        tests += [("unstable_gain", limits.unstable_gain, False), ("pass_at16", limits.unstable_pass, False)]
    else:
        return None
    if "control" in measures:
        tests.append(("control", limits.control, True))
    found = _decide(tests, measures)
    if found is None or found.verdict is not Verdict.PRESENT:
        return found
    # a better teacher explains no error
    others = {gap: each for gap, each in known.items() if gap is not GapKind.COMPRESSION}
    explained = [gap for gap, each in others.items() if each.verdict is Verdict.PRESENT]
    if GapKind.UNKNOWN_DOMAIN in explained or (inferred and explained):
        reason = f"`{explained[0]}` explains the errors"
        return replace(found, verdict=Verdict.ABSENT, reason=reason)
    how = "16 samples hardly ever change whether an answer is right" if inferred else "the samples agree"
    return replace(found, reason=f"the model is consistent and wrong: {how}")


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
