"""The whole decision table, in the order of the method."""

from selection.decisions import (
    distillation,
    fallbacks,
    gaps,
    gates,
    pairs,
    preference,
    prompts,
    reinforcement,
    supervised,
)
from selection.decisions.case import Case

CASES: tuple[Case, ...] = (
    *gates.GATES,
    *prompts.PROMPTS,
    *gaps.GAPS,
    *supervised.METHODS,
    *preference.CHOICE,
    *preference.FIRST,
    *pairs.MADE,
    *pairs.QUALITY,
    *reinforcement.M5,
    *fallbacks.D5_D6,
    *fallbacks.D7,
    *distillation.M6,
    *distillation.CHAIN,
)
