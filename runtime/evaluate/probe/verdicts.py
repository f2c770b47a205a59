"""Verdicts of a probe: whether the intervals of its measures clear the limits of each gap."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from runtime.contract.probing import LimitBlock
from runtime.evaluate.probe.measures import READS
from runtime.stage.statistics import Interval

Verdict = Literal["present", "absent", "insufficient evidence", "not measured"]


def verdict_of(tests: Sequence[LimitBlock], measures: Mapping[str, Interval]) -> Verdict:
    """Return `present` if every interval clears its limit, `absent` if one clearly misses it.

    An optional test counts only if its measure was taken.
    """
    taken = [each for each in tests if each.measure in measures]
    if any(each.measure not in measures and not each.optional for each in tests) or not taken:
        return "not measured"
    found = [_clears(each, measures[each.measure]) for each in taken]
    if False in found:
        return "absent"
    return "insufficient evidence" if None in found else "present"


def wanted_families(
    verdicts: Mapping[str, Sequence[LimitBlock]], measures: Mapping[str, Interval], asked: Collection[str]
) -> set[str]:
    """Return the families that a verdict without sufficient evidence still needs more answers of."""
    unclear = [tests for tests in verdicts.values() if verdict_of(tests, measures) == "insufficient evidence"]
    names = {name for tests in unclear for each in tests if _is_open(each, measures) for name in READS[each.measure]}
    return names & set(asked)


def _is_open(test: LimitBlock, measures: Mapping[str, Interval]) -> bool:
    return test.measure in measures and _clears(test, measures[test.measure]) is None


def _clears(test: LimitBlock, interval: Interval) -> bool | None:
    """Return whether the interval clears the limit; None if it contains it."""
    if interval.low >= test.limit:
        return test.above
    return not test.above if interval.high < test.limit else None
