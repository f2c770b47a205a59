"""Agreement of a judge with people, and shares of verdicts corrected for the judge's errors.

A judge passes wrong answers and fails right ones, so the share that it passes is biased. With its rates of right
verdicts, measured on answers that people labelled, the true share follows (Rogan and Gladen 1978,
doi:10.1093/oxfordjournals.aje.a112510). The interval is that of Lang and Reiczigel 2014
(doi:10.1016/j.prevetmed.2013.09.015), which covers the uncertainty of these rates as well.
"""

import math
from dataclasses import dataclass

from runtime.contract.statistics import Z, wilson_interval

LEAST_LABELS = 30  # labelled answers of each class, for rates that are worth a correction
WIDEST = 0.5  # a corrected interval that is wider than this shows nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """The counts of people's labels against a judge's verdicts.

    `true_pass` and `false_fail` are of answers that people pass, `false_pass` and `true_fail` of those that they fail.
    """

    true_pass: int
    false_fail: int
    false_pass: int
    true_fail: int

    @property
    def right(self) -> int:
        """The answers that people pass."""
        return self.true_pass + self.false_fail

    @property
    def wrong(self) -> int:
        """The answers that people fail."""
        return self.false_pass + self.true_fail

    @property
    def tpr(self) -> float:
        """The share of right answers that the judge passes."""
        return self.true_pass / self.right

    @property
    def tnr(self) -> float:
        """The share of wrong answers that the judge fails."""
        return self.true_fail / self.wrong

    @property
    def youden(self) -> tuple[float, float, float]:
        """TPR + TNR − 1 with its 95 % interval (Newcombe 1998, from two Wilson intervals); 0 is a judge by chance."""
        value = self.tpr + self.tnr - 1
        (low_tpr, high_tpr), (low_tnr, high_tnr) = (
            wilson_interval(share, rows) for share, rows in ((self.tpr, self.right), (self.tnr, self.wrong))
        )
        low = value - math.hypot(self.tpr - low_tpr, self.tnr - low_tnr)
        return value, low, value + math.hypot(high_tpr - self.tpr, high_tnr - self.tnr)

    @property
    def fault(self) -> str:
        """Why the judge does not count; empty if it does."""
        for count, name in ((self.right, "pass"), (self.wrong, "fail")):
            if count < LEAST_LABELS:
                return f"people labelled {count} answers `{name}`, but {LEAST_LABELS} are needed"
        if self.youden[1] <= 0:
            rates = f"TPR {self.tpr:.2f} and TNR {self.tnr:.2f} on {self.right + self.wrong} answers"
            return f"its verdicts may be chance: {rates}"
        return ""


def corrected_share(share: float, rows: float, agreement: Agreement) -> tuple[float, float, float]:
    """Return the true share of right answers with its 95 % interval, given the `share` of `rows` that the judge passes.

    `rows` may be a fraction, the number of independent rows. All values are clipped to 0 to 1.
    """
    tpr, tnr = agreement.tpr, agreement.tnr
    value = (share + tnr - 1) / (tpr + tnr - 1)
    # the adjusted counts of Lang and Reiczigel: as if there were a few more rows of each kind
    seen = (rows * share + Z**2 / 2) / (rows + Z**2)
    right, wrong = agreement.right + 2, agreement.wrong + 2
    tpr, tnr = (agreement.true_pass + 1) / right, (agreement.true_fail + 1) / wrong
    scale = tpr + tnr - 1
    centre = (seen + tnr - 1) / scale
    of_tpr, of_tnr = tpr * (1 - tpr) / right, tnr * (1 - tnr) / wrong
    shift = 2 * Z**2 * (centre * of_tpr - (1 - centre) * of_tnr)
    variance = seen * (1 - seen) / (rows + Z**2) + centre**2 * of_tpr + (1 - centre) ** 2 * of_tnr
    margin = Z * math.sqrt(variance) / scale
    value = _clipped(value, 0.0)
    low, high = (_clipped(centre + shift + side * margin, 0.0) for side in (-1, 1))
    return value, min(low, value), max(high, value)


def corrected_gain(gain: tuple[float, float, float], agreement: Agreement) -> tuple[float, float, float]:
    """Return the true gain with its 95 % interval, given the paired gain of the judge's pass rate with its interval.

    Errors of the judge shrink a gain by TPR + TNR − 1. The interval of the ratio is that of Donner and Zou 2012
    (MOVER-R, doi:10.1177/0962280210391970), which excludes 0 only if the interval of the raw gain does.
    """
    (top, low, high), (bottom, least, most) = gain, agreement.youden
    cross = top * bottom
    under = cross**2 - low * most * (2 * top - low) * (2 * bottom - most)
    over = cross**2 - high * least * (2 * top - high) * (2 * bottom - least)
    lower = (cross - math.sqrt(max(0.0, under))) / (most * (2 * bottom - most))
    upper = (cross + math.sqrt(max(0.0, over))) / (least * (2 * bottom - least))
    value = _clipped(top / bottom, -1.0)
    return value, min(_clipped(lower, -1.0), value), max(_clipped(upper, -1.0), value)


def _clipped(value: float, least: float) -> float:
    return min(1.0, max(least, value))
