"""Thresholds of the eight pre-flight checks of a reward, for the stage and for the rules.

Figures have the names of evidence of kind `RewardPreflight`. A check without figures (None) does not pass.
"""

from collections.abc import Callable
from typing import Any, Literal

Verdict = Literal["passes", "warns", "blocks"]

MIN_PAIRS, MIN_CLASS, MIN_OUTPUTS = 50, 30, 50
MIN_AUC, MIN_WIN = 0.9, 0.95
AGREES, TOLERABLE = 0.9, 0.8
ALIGNED, ROUGHLY_ALIGNED = 0.8, 0.6
MAX_HACK = 0.5
MAX_JUDGE_FLIPS = 0.05  # share of the rows; code must not flip at all
# probes that must score low
HACKS = ("empty", "padding", "repetition", "prompt echo", "truncation", "Thought process:")
MIN_SPREAD = 0.4
MAX_LENGTH_BIAS = 0.3


def verdict_of(name: str, figures: Any) -> Verdict:
    """Return the verdict of a check on its figures; without figures the check blocks."""
    return "blocks" if figures is None else CHECKS[name](figures)


def allowed_flips(scorer: str) -> float:
    """Return the share of rows whose score may change between repeats: 0 for `code`."""
    return 0.0 if scorer == "code" else MAX_JUDGE_FLIPS


def _verdict(passes: bool, *, tolerable: bool = False) -> Verdict:
    return "passes" if passes else "warns" if tolerable else "blocks"


def _contract(made: dict[str, Any]) -> Verdict:
    return _verdict(made["failures"] == 0)


def _repeatability(made: dict[str, Any]) -> Verdict:
    return _verdict(made["flips"] <= allowed_flips(made["scorer"]) * made["rows"])


def _discrimination(made: dict[str, Any]) -> Verdict:
    return _verdict(made["pairs"] >= MIN_PAIRS and made["auc"] >= MIN_AUC and made["pairedWin"] >= MIN_WIN)


def _agreement(made: dict[str, Any]) -> Verdict:
    enough, least = min(made["positives"], made["negatives"]) >= MIN_CLASS, min(made["tpr"], made["tnr"])
    return _verdict(enough and least >= AGREES, tolerable=enough and least >= TOLERABLE)


def _alignment(made: dict[str, Any]) -> Verdict:
    enough = made["outputs"] >= MIN_OUTPUTS
    return _verdict(enough and made["spearman"] >= ALIGNED, tolerable=enough and made["spearman"] >= ROUGHLY_ALIGNED)


def _hacks(made: list[dict[str, Any]]) -> Verdict:
    tried = {each["probe"] for each in made}
    return _verdict(tried >= set(HACKS) and max(each["shareOfMaximum"] for each in made) <= MAX_HACK)


def _signal(made: dict[str, Any]) -> Verdict:
    return _verdict(made["spreadShare"] >= MIN_SPREAD)


def _length_bias(made: dict[str, Any]) -> Verdict:
    return _verdict(abs(made["partialCorrelation"]) <= MAX_LENGTH_BIAS)


# In the order of measurement and of the rules: first the checks without a model, then those on the policy's answers.
CHECKS: dict[str, Callable[[Any], Verdict]] = {
    "contract": _contract,
    "repeatability": _repeatability,
    "discrimination": _discrimination,
    "humanAgreement": _agreement,
    "alignment": _alignment,
    "hackResistance": _hacks,
    "signal": _signal,
    "lengthBias": _length_bias,
}
