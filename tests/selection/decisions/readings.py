"""What probes say of a gap: a table of measures and verdicts, both sides of every threshold and the threshold itself."""

from dataclasses import dataclass

from selection.decisions.world import measure

from compiler.selection.facts import Measure
from compiler.selection.probe_verdicts import readings, recall_only
from compiler.spec.schema.thresholds import Thresholds
from compiler.spec.schema.types import GapKind

PRESENT, ABSENT, INSUFFICIENT = "present", "absent", "insufficient evidence"
RECALL = "recall"  # not a gap: a case for retrieval


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingCase:
    """Measures, and the verdict on a gap (None: the gap was not measured)."""

    gap: str
    measures: dict[str, Measure]
    verdict: str | None
    p_value: float | None = None

    @property
    def id(self) -> str:
        shown = ", ".join(f"{name} {each.low:g} to {each.high:g}" for name, each in self.measures.items())
        return f"{self.gap}: {shown}{'' if self.p_value is None else f', p {self.p_value:g}'}"

    def holds(self, limits: Thresholds) -> bool:
        """Whether the verdict is the one that is written here."""
        if self.gap == RECALL:
            found = recall_only(self.measures, limits)
        else:
            found = readings(self.measures, self.p_value, limits).get(GapKind(self.gap))
        return (str(found.verdict) if found else None) == self.verdict


def case(gap: str, verdict: str | None, p_value: float | None = None, **measures: tuple[float, float]) -> ReadingCase:
    taken = {name: measure((low + high) / 2, low, high) for name, (low, high) in measures.items()}
    return ReadingCase(gap=gap, measures=taken, verdict=verdict, p_value=p_value)


def at_or_above(
    gap: str, name: str, limit: float, p_value: float | None = None, **others: tuple[float, float]
) -> list[ReadingCase]:
    """A measure whose whole interval must be at the limit or above."""
    return [
        case(gap, PRESENT, p_value, **others, **{name: (limit, limit + 0.05)}),
        case(gap, INSUFFICIENT, p_value, **others, **{name: (limit - 0.001, limit + 0.05)}),
        case(gap, INSUFFICIENT, p_value, **others, **{name: (limit - 0.05, limit)}),
        case(gap, ABSENT, p_value, **others, **{name: (limit - 0.05, limit - 0.001)}),
    ]


HIGH = (0.9, 1.0)
READINGS: tuple[ReadingCase, ...] = (
    # below the limit, so the limit itself is not
    case("unknown-domain", PRESENT, open_book=(0.4, 0.499), control=HIGH),
    case("unknown-domain", INSUFFICIENT, open_book=(0.4, 0.5), control=HIGH),
    case("unknown-domain", INSUFFICIENT, open_book=(0.499, 0.6), control=HIGH),
    case("unknown-domain", ABSENT, open_book=(0.5, 0.6), control=HIGH),
    *at_or_above("unknown-domain", "control", 0.7, open_book=(0.1, 0.2)),
    case("unknown-domain", None, open_book=(0.1, 0.2)),
    case("unknown-domain", None, control=HIGH),
    *at_or_above("unstable", "pass_at16", 0.7, unstable_gain=(0.3, 0.5)),
    *at_or_above("unstable", "unstable_gain", 0.25, pass_at16=HIGH),
    case("unstable", None, pass_at16=HIGH),
    case("unstable", None, unstable_gain=HIGH),
    *at_or_above("reasoning", "chain_gain", 0.1, p_value=0.049),
    case("reasoning", INSUFFICIENT, p_value=0.05, chain_gain=(0.1, 0.2)),
    case("reasoning", INSUFFICIENT, chain_gain=(0.1, 0.2)),
    case("reasoning", ABSENT, p_value=0.5, chain_gain=(-0.1, 0.05)),
    case("reasoning", None, p_value=0.01),
    *at_or_above("preference", "valid", 0.9, win=(0.7, 0.8)),
    *at_or_above("preference", "win", 0.65, valid=(0.95, 1.0)),
    case("preference", None, valid=HIGH),
    *at_or_above("rule-constraints", "reward_spread", 0.4),
    *at_or_above("compression", "teacher_gain", 0.15),
    # a weak teacher is for M6 to refuse
    case("compression", PRESENT, teacher_gain=(0.2, 0.3), teacher_pass_at1=(0.1, 0.2)),
    *at_or_above(RECALL, "recall_gain", 0.3),
    case(RECALL, None),
    case("unstable", None),
    # one clear failure outweighs what is undecided
    case("unstable", ABSENT, pass_at16=(0.6, 0.8), unstable_gain=(0.0, 0.1)),
)
