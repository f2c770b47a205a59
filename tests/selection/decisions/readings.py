"""What probes say of a gap: a table of measures and verdicts, both sides of every threshold and the threshold itself."""

from dataclasses import dataclass

from selection.decisions.world import decoding, measure

from compiler.selection.figures import Measure
from compiler.selection.gather_probes import Measured
from compiler.selection.probe_verdicts import readings, recall_only
from compiler.spec.schema.thresholds import Thresholds
from compiler.spec.schema.types import GapKind

PRESENT, ABSENT, INSUFFICIENT = "present", "absent", "insufficient evidence"
RECALL = "recall"  # not a gap: a case for retrieval
TARGET = 0.9


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingCase:
    """Measures by decoding, latest last, and the verdict on a gap (None: the gap was not measured).

    `success` is the score on the test set.
    """

    gap: str
    groups: tuple[Measured, ...]
    verdict: str | None
    success: Measure | None = None

    @property
    def id(self) -> str:
        return f"{self.gap}: {'; '.join(_shown(each) for each in self.groups)}{_success(self.success)}"

    def holds(self, limits: Thresholds) -> bool:
        """Whether the verdict is the one that is written here."""
        if self.gap == RECALL:
            found = recall_only(self.groups, limits)
        else:
            made = readings(self.groups, limits, target=TARGET, success=self.success)
            found = made.get(GapKind(self.gap))
        return (str(found.verdict) if found else None) == self.verdict


def _shown(group: Measured) -> str:
    measures = ", ".join(f"{name} {each.low:g} to {each.high:g}" for name, each in group.measures.items())
    how = "" if group.is_sampled else ", greedy"
    return f"{measures}{how}{'' if group.chain_p_value is None else f', p {group.chain_p_value:g}'}"


def _success(success: Measure | None) -> str:
    return "" if success is None else f", success {success.low:g} to {success.high:g}"


def measured(temperature: float, p_value: float | None = None, **measures: tuple[float, float]) -> Measured:
    taken = {name: measure((low + high) / 2, low, high) for name, (low, high) in measures.items()}
    return Measured(decoding=decoding(temperature), measures=taken, chain_p_value=p_value)


def case(
    gap: str,
    verdict: str | None,
    p_value: float | None = None,
    *,
    temperature: float = 0.8,
    success: Measure | None = None,
    **measures: tuple[float, float],
) -> ReadingCase:
    return ReadingCase(gap=gap, groups=(measured(temperature, p_value, **measures),), verdict=verdict, success=success)


def several(gap: str, verdict: str | None, *groups: Measured) -> ReadingCase:
    return ReadingCase(gap=gap, groups=groups, verdict=verdict)


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
    # two valid answers
    *at_or_above("preference", "valid", 0.9, win=(0.7, 0.8)),
    *at_or_above("preference", "win", 0.65, valid=(0.95, 1.0)),
    case("preference", None, valid=HIGH),
    # one right and one wrong: the model has to be right at times, by pass@16, else by its score on the test set
    *at_or_above("preference", "pass_at16", 0.3, valid=(0.1, 0.2), win=(0.9, 1.0)),
    case("preference", PRESENT, valid=(0.1, 0.2), win=(0.9, 1.0), success=measure(0.3)),
    case("preference", ABSENT, valid=(0.1, 0.2), win=(0.9, 1.0), success=measure(0.29)),
    case("preference", ABSENT, valid=(0.1, 0.2), win=(0.9, 1.0), pass_at16=(0.1, 0.2), success=measure(0.5)),
    case("preference", ABSENT, valid=(0.1, 0.2), win=(0.9, 1.0)),
    case("preference", ABSENT, valid=(0.1, 0.2), win=(0.5, 0.6), pass_at16=HIGH),
    case("preference", INSUFFICIENT, valid=(0.95, 1.0), win=(0.6, 0.7), pass_at16=HIGH),
    case("preference", ABSENT, valid=(0.1, 0.2), win=(0.6, 0.7), pass_at16=HIGH),
    case("preference", PRESENT, temperature=0.0, valid=HIGH, win=HIGH),
    # consistent and wrong: below the target, and the samples agree
    *at_or_above("untaught", "agreement", 0.8, pass_at1=(0.3, 0.4)),
    *at_or_above("untaught", "control", 0.7, pass_at1=(0.3, 0.4), agreement=HIGH),
    case("untaught", PRESENT, pass_at1=(0.8, 0.899), agreement=HIGH),
    case("untaught", INSUFFICIENT, pass_at1=(0.8, 0.9), agreement=HIGH),
    case("untaught", ABSENT, pass_at1=(0.9, 0.95), agreement=HIGH),
    case("untaught", None, agreement=HIGH),
    case("untaught", None, pass_at1=(0.3, 0.4)),
    case("untaught", None, temperature=0.0, pass_at1=(0.3, 0.4), agreement=HIGH),
    # without `agreement`: 16 samples hardly ever change whether an answer is right
    case("untaught", PRESENT, pass_at1=(0.3, 0.4), unstable_gain=(0.0, 0.249), pass_at16=(0.4, 0.699)),
    case("untaught", PRESENT, unstable_gain=(0.0, 0.249), pass_at16=(0.4, 0.699)),  # pass@1 is not above pass@16
    case("untaught", INSUFFICIENT, pass_at1=(0.3, 0.4), unstable_gain=(0.0, 0.25), pass_at16=(0.4, 0.6)),
    case("untaught", INSUFFICIENT, pass_at1=(0.3, 0.4), unstable_gain=(0.0, 0.1), pass_at16=(0.6, 0.7)),
    case("untaught", ABSENT, pass_at1=(0.3, 0.4), unstable_gain=(0.25, 0.3), pass_at16=(0.4, 0.6)),
    case("untaught", None, pass_at1=(0.3, 0.4), unstable_gain=(0.0, 0.1)),
    case("untaught", None, pass_at1=(0.3, 0.4), pass_at16=(0.4, 0.6)),
    # another gap explains the errors: an unknown domain always, others unless the samples were seen to agree
    case("untaught", ABSENT, pass_at1=(0.3, 0.4), agreement=HIGH, control=HIGH, open_book=(0.1, 0.2)),
    case(
        "untaught",
        ABSENT,
        0.01,
        pass_at1=(0.3, 0.4),
        unstable_gain=(0.0, 0.1),
        pass_at16=(0.4, 0.5),
        chain_gain=(0.2, 0.3),
    ),
    case("untaught", PRESENT, 0.01, pass_at1=(0.3, 0.4), agreement=HIGH, chain_gain=(0.2, 0.3)),
    *at_or_above("rule-constraints", "reward_spread", 0.4),
    *at_or_above("compression", "teacher_gain", 0.15),
    # a weak teacher is for M6 to refuse
    case("compression", PRESENT, teacher_gain=(0.2, 0.3), teacher_pass_at1=(0.1, 0.2)),
    *at_or_above(RECALL, "recall_gain", 0.3),
    case(RECALL, None),
    case("unstable", None),
    # one clear failure outweighs what is undecided
    case("unstable", ABSENT, pass_at16=(0.6, 0.8), unstable_gain=(0.0, 0.1)),
    # what only several samples can show needs a temperature
    case("unstable", None, temperature=0.0, pass_at16=HIGH, unstable_gain=(0.3, 0.5)),
    case("rule-constraints", None, temperature=0.0, reward_spread=HIGH),
    case("unknown-domain", PRESENT, temperature=0.0, open_book=(0.1, 0.2), control=HIGH),
    case("reasoning", PRESENT, 0.01, temperature=0.0, chain_gain=(0.2, 0.3)),
    # measures of two decodings do not meet, and the latest that measured the gap counts
    several("unstable", None, measured(0.8, pass_at16=HIGH), measured(1.0, unstable_gain=(0.3, 0.5))),
    several("preference", None, measured(0.8, valid=HIGH), measured(1.0, win=HIGH)),
    several("untaught", None, measured(0.8, pass_at1=(0.3, 0.4)), measured(1.0, agreement=HIGH)),
    several("unknown-domain", None, measured(0.0, open_book=(0.1, 0.2)), measured(0.8, control=HIGH)),
    several(
        "reasoning", ABSENT, measured(0.8, 0.01, chain_gain=(0.2, 0.3)), measured(1.0, 0.5, chain_gain=(0.0, 0.05))
    ),
    several(
        "reasoning", PRESENT, measured(1.0, 0.5, chain_gain=(0.0, 0.05)), measured(0.8, 0.01, chain_gain=(0.2, 0.3))
    ),
    several("reasoning", PRESENT, measured(0.8, 0.01, chain_gain=(0.2, 0.3)), measured(1.0, pass_at1=(0.3, 0.4))),
    several(
        "unstable",
        PRESENT,
        measured(0.8, pass_at16=HIGH, unstable_gain=(0.3, 0.5)),
        measured(0.0, pass_at16=HIGH, unstable_gain=(0.0, 0.1)),
    ),
    several(RECALL, ABSENT, measured(0.8, recall_gain=(0.4, 0.5)), measured(0.0, recall_gain=(0.0, 0.1))),
)
