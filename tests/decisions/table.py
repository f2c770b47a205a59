"""The whole decision table, in the order of the method."""

from decisions import distillation, gates, preference, reinforcement, supervised
from decisions.case import Case

CASES: tuple[Case, ...] = (
    *gates.GATES,
    *supervised.GAPS,
    *supervised.METHODS,
    *preference.CHOICE,
    *preference.MADE,
    *preference.QUALITY,
    *preference.FIRST,
    *reinforcement.M5,
    *reinforcement.D5_D6,
    *reinforcement.D7,
    *distillation.M6,
    *distillation.CHAIN,
)
