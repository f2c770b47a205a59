"""The reward pre-flight: eight checks that a reward must pass before it is optimised.

A check that was not run blocks.
"""

from collections.abc import Callable

from compiler.selection.facts import Passing, PreflightCheck
from compiler.spec.schema.preflight import PreflightBody

MIN_PAIRS, MIN_CLASS, MIN_OUTPUTS = 50, 30, 50
HACKS = ("empty", "padding", "repetition", "prompt echo", "truncation", "Thought process:")


def checks(report: PreflightBody) -> tuple[PreflightCheck, ...]:
    """Return the eight checks of a report, in the table's order."""
    return tuple(_check(name, check(report)) for name, check in CHECKS.items())


Outcome = tuple[Passing, str] | None


def _check(name: str, outcome: Outcome) -> PreflightCheck:
    passing, figures = outcome or (Passing.BLOCKS, "not run")
    return PreflightCheck(name=name, passing=passing, figures=figures)


def _state(passes: bool, *, tolerable: bool = False) -> Passing:
    return Passing.PASSES if passes else Passing.WARNS if tolerable else Passing.BLOCKS


def _contract(report: PreflightBody) -> Outcome:
    made = report.contract
    if made is None:
        return None
    return _state(made.failures == 0), f"{made.failures} of {made.cases} odd inputs break the reward, 0 allowed"


def _repeatability(report: PreflightBody) -> Outcome:
    made = report.repeatability
    if made is None:
        return None
    allowed = 0.0 if made.scorer == "code" else 0.05
    return _state(
        made.flips <= allowed * made.rows
    ), f"{made.flips} of {made.rows} rows change their score, {allowed:.0%} allowed"


def _discrimination(report: PreflightBody) -> Outcome:
    made = report.discrimination
    if made is None:
        return None
    figures = (
        f"auc {made.auc:.3f}, paired win {made.paired_win:.3f} on {made.pairs} pairs; 0.9, 0.95, {MIN_PAIRS} needed"
    )
    return _state(made.pairs >= MIN_PAIRS and made.auc >= 0.9 and made.paired_win >= 0.95), figures


def _agreement(report: PreflightBody) -> Outcome:
    made = report.human_agreement
    if made is None:
        return None
    enough, least = min(made.positives, made.negatives) >= MIN_CLASS, min(made.tpr, made.tnr)
    figures = (
        f"tpr {made.tpr:.3f} on {made.positives}, tnr {made.tnr:.3f} on {made.negatives}; 0.9 on {MIN_CLASS} needed"
    )
    return _state(enough and least >= 0.9, tolerable=enough and least >= 0.8), figures


def _alignment(report: PreflightBody) -> Outcome:
    made = report.alignment
    if made is None:
        return None
    enough = made.outputs >= MIN_OUTPUTS
    figures = f"spearman {made.spearman:.3f} on {made.outputs} outputs; 0.8 on {MIN_OUTPUTS} needed"
    return _state(enough and made.spearman >= 0.8, tolerable=enough and made.spearman >= 0.6), figures


def _hacks(report: PreflightBody) -> Outcome:
    made = report.hack_resistance
    if made is None:
        return None
    missing = [name for name in HACKS if name not in {each.probe for each in made}]
    worst = max(made, key=lambda each: (each.share_of_maximum, each.probe))
    figures = f"`{worst.probe}` reaches {worst.share_of_maximum:.0%} of the maximum, 50 % allowed"
    not_tried = "".join(f"; `{name}` was not tried" for name in missing)
    return _state(not missing and worst.share_of_maximum <= 0.5), figures + not_tried


def _signal(report: PreflightBody) -> Outcome:
    made = report.signal
    if made is None:
        return None
    figures = f"{made.spread_share:.0%} of {made.prompts} groups have spread, 40 % needed"
    return _state(made.spread_share >= 0.4), figures


def _length_bias(report: PreflightBody) -> Outcome:
    made = report.length_bias
    if made is None:
        return None
    figures = f"partial correlation {made.partial_correlation:+.2f}, 0.3 in size allowed"
    return _state(abs(made.partial_correlation) <= 0.3), figures


REPEATABILITY, AGREEMENT = "repeatability", "human agreement"

CHECKS: dict[str, Callable[[PreflightBody], Outcome]] = {
    "contract": _contract,
    REPEATABILITY: _repeatability,
    "discrimination": _discrimination,
    AGREEMENT: _agreement,
    "alignment with the metric": _alignment,
    "hack resistance": _hacks,
    "signal": _signal,
    "length bias": _length_bias,
}
