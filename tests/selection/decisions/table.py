"""The whole decision table, in the order of the method."""

from selection.decisions import (
    components,
    distillation,
    fallbacks,
    gaps,
    gates,
    goals,
    pairs,
    preference,
    prerequisites,
    prompts,
    reinforcement,
    supervised,
    test_sets,
)
from selection.decisions.case import Case

CASES: tuple[Case, ...] = (
    *gates.GATES,
    *goals.ALL_MET,
    *goals.UNMEASURED,
    *goals.COSTLY,
    *components.FAULTS,
    *components.DECODING,
    *test_sets.E1,
    *prompts.PROMPTS,
    *gaps.GAPS,
    *supervised.TASK,
    *supervised.METHODS,
    *preference.CHOICE,
    *preference.FIRST,
    *pairs.MADE,
    *pairs.BESIDE_SAMPLES,
    *pairs.QUALITY,
    *reinforcement.M5,
    *fallbacks.D5_D6,
    *fallbacks.D7,
    *distillation.M6,
    *prerequisites.HELD,
    *prerequisites.WORSE,
    *distillation.CHAIN,
)
