"""The reward pre-flight: eight checks that a reward must pass before it is optimised.

The contract decides the verdicts; this module writes the figures as readable text.
"""

from collections.abc import Callable

from compiler.selection.facts import Passing, PreflightCheck
from compiler.spec.schema.preflight import PreflightBody
from runtime.contract.preflight import HACKS, MIN_CLASS, MIN_OUTPUTS, MIN_PAIRS, allowed_flips, verdict_of

REPEATABILITY, AGREEMENT = "repeatability", "human agreement"
NOT_RUN = "not run"


def checks(report: PreflightBody) -> tuple[PreflightCheck, ...]:
    """Return the eight checks of a report, in the table's order. A check that was not run blocks."""
    made = report.model_dump(by_alias=True)
    return tuple(
        PreflightCheck(name=name, passing=Passing(verdict_of(key, made[key])), figures=text(report))
        for name, (key, text) in CHECKS.items()
    )


def _contract(report: PreflightBody) -> str:
    made = report.contract
    return f"{made.failures} of {made.cases} odd inputs break the reward, 0 allowed" if made else NOT_RUN


def _repeatability(report: PreflightBody) -> str:
    made = report.repeatability
    if made is None:
        return NOT_RUN
    return f"{made.flips} of {made.rows} rows change their score, {allowed_flips(made.scorer):.0%} allowed"


def _discrimination(report: PreflightBody) -> str:
    made = report.discrimination
    if made is None:
        return NOT_RUN
    return f"auc {made.auc:.3f}, paired win {made.paired_win:.3f} on {made.pairs} pairs; 0.9, 0.95, {MIN_PAIRS} needed"


def _agreement(report: PreflightBody) -> str:
    made = report.human_agreement
    if made is None:
        return NOT_RUN
    rates = f"tpr {made.tpr:.3f} on {made.positives}, tnr {made.tnr:.3f} on {made.negatives}"
    return f"{rates}; 0.9 on {MIN_CLASS} needed"


def _alignment(report: PreflightBody) -> str:
    made = report.alignment
    if made is None:
        return NOT_RUN
    return f"spearman {made.spearman:.3f} on {made.outputs} outputs; 0.8 on {MIN_OUTPUTS} needed"


def _hacks(report: PreflightBody) -> str:
    made = report.hack_resistance
    if made is None:
        return NOT_RUN
    missing = [name for name in HACKS if name not in {each.probe for each in made}]
    worst = max(made, key=lambda each: (each.share_of_maximum, each.probe))
    figures = f"`{worst.probe}` reaches {worst.share_of_maximum:.0%} of the maximum, 50 % allowed"
    return figures + "".join(f"; `{name}` was not tried" for name in missing)


def _signal(report: PreflightBody) -> str:
    made = report.signal
    return f"{made.spread_share:.0%} of {made.prompts} groups have spread, 40 % needed" if made else NOT_RUN


def _length_bias(report: PreflightBody) -> str:
    made = report.length_bias
    return f"partial correlation {made.partial_correlation:+.2f}, 0.3 in size allowed" if made else NOT_RUN


# readable name of a check → its key in the contract's table, and the text of its figures
CHECKS: dict[str, tuple[str, Callable[[PreflightBody], str]]] = {
    "contract": ("contract", _contract),
    REPEATABILITY: ("repeatability", _repeatability),
    "discrimination": ("discrimination", _discrimination),
    AGREEMENT: ("humanAgreement", _agreement),
    "alignment with the metric": ("alignment", _alignment),
    "hack resistance": ("hackResistance", _hacks),
    "signal": ("signal", _signal),
    "length bias": ("lengthBias", _length_bias),
}
