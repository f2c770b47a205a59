"""Means and gains of a judge's verdicts, corrected for the errors that its agreement with people shows."""

from collections.abc import Sequence

from runtime.contract.agreement import Agreement, corrected_gain, corrected_share
from runtime.stage.statistics import Interval, independent_rows


def corrected_mean(verdicts: Sequence[float], clusters: Sequence[str], agreement: Agreement) -> Interval:
    """Return the share of right answers with its 95 % interval, given the verdicts (0 or 1) on them.

    The interval covers the uncertainty of the judge's rates, and clusters count as in `interval_of_mean`.
    """
    share = sum(verdicts) / len(verdicts)
    value, low, high = corrected_share(share, independent_rows(verdicts, clusters), agreement)
    return Interval(value=value, low=low, high=high, n=len(verdicts))


def corrected_difference(gain: Interval, agreement: Agreement) -> Interval:
    """Return the paired gain of right answers, given that of the judge's verdicts."""
    value, low, high = corrected_gain((gain.value, gain.low, gain.high), agreement)
    return Interval(value=value, low=low, high=high, n=gain.n)
