"""Classes of badcases: a table of labelled kinds, both sides of every threshold and the precedence between classes."""

from dataclasses import dataclass
from typing import Any

from compiler.selection.badcases import groups
from compiler.spec.schema.evidence import BadcaseKind, BadcaseReportBody, Replays
from compiler.spec.schema.thresholds import Thresholds


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassCase:
    """A kind of badcase among so many traces, and its class."""

    name: str
    kind: BadcaseKind
    traces: int
    expected: str

    @property
    def id(self) -> str:
        return self.name

    def holds(self, limits: Thresholds) -> bool:
        """Whether the class is the one that is written here."""
        (found,) = groups(BadcaseReportBody(traces=self.traces, kinds=[self.kind]), [], limits)
        return str(found.kind) == self.expected


def case(name: str, expected: str, *, count: int = 30, traces: int = 1000, **labels: Any) -> ClassCase:
    """By default 30 of 1,000 traces: neither frequent nor sporadic."""
    labels = {
        key: Replays(failed=value[0], total=value[1]) if key == "replays" else value for key, value in labels.items()
    }
    kind = BadcaseKind.model_construct(**{"name": "orders", "count": count, **labels})
    return ClassCase(name=name, kind=kind, traces=traces, expected=expected)


SYSTEMIC = {"component": "retriever", "first_error_share": 0.4, "intents": 3}
CRITICAL = {"critical_intent": True, "replays": (3, 5)}
CLASSES: tuple[ClassCase, ...] = (
    case("nothing is known", "undetermined"),
    case("a critical intent that fails 3 of 5 replays", "critical", **CRITICAL),
    case("a critical intent that fails 2 of 5 replays", "undetermined", critical_intent=True, replays=(2, 5)),
    case("a critical intent that fails 6 of 10 replays", "critical", critical_intent=True, replays=(6, 10)),
    case("a critical intent that fails 5 of 10 replays", "undetermined", critical_intent=True, replays=(5, 10)),
    case("a critical intent that fails the only replay", "undetermined", critical_intent=True, replays=(1, 1)),
    case("a critical intent that fails all of 4 replays", "undetermined", critical_intent=True, replays=(4, 4)),
    case("a critical intent that was not replayed", "undetermined", critical_intent=True),
    case("another intent that fails 5 of 5 replays", "undetermined", replays=(5, 5)),
    case("a component with 40 % of first errors over 3 intents", "systemic", **SYSTEMIC),
    case("a component with 39.9 %", "undetermined", **SYSTEMIC | {"first_error_share": 0.399}),
    case("over 2 intents", "undetermined", **SYSTEMIC | {"intents": 2}),
    case("a share of first errors without a component", "undetermined", first_error_share=0.9, intents=9),
    case("20 % of paraphrases flip", "systemic", paraphrase_flip_rate=0.2),
    case("19.9 % of paraphrases flip", "undetermined", paraphrase_flip_rate=0.199),
    # Wilson's interval of 66 of 1,000 is 5.22 to 8.31 %, of 63 it is 4.95 to 7.98 %, of 64 it is 5.04 to 8.09 %
    case("64 of 1,000 traces", "high-frequency", count=64),
    case("63 of 1,000 traces", "undetermined", count=63),
    case("more than all traces", "high-frequency", count=2000),
    # of 11 it is 0.62 to 1.96 %, of 12 it is 0.69 to 2.09 %
    case("11 of 1,000 traces", "sporadic", count=11),
    case("12 of 1,000 traces", "undetermined", count=12),
    case("1 of 5 replays fails", "sporadic", replays=(1, 5)),
    case("2 of 10 replays fail", "sporadic", replays=(2, 10)),
    case("2 of 5 replays fail", "undetermined", replays=(2, 5)),
    case("0 of 4 replays fail", "undetermined", replays=(0, 4)),
    case("a fault in flow control before all others", "flow-control", flow_control=True, **CRITICAL, **SYSTEMIC),
    case("critical before systemic", "critical", **CRITICAL, **SYSTEMIC),
    case("critical before high-frequency", "critical", count=500, **CRITICAL),
    case("critical before sporadic", "critical", count=1, **CRITICAL),
    case("systemic before high-frequency", "systemic", count=500, **SYSTEMIC),
    case("systemic before sporadic", "systemic", count=1, replays=(0, 5), **SYSTEMIC),
    case("flipping paraphrases before high-frequency", "systemic", count=500, paraphrase_flip_rate=0.5),
    case("high-frequency before sporadic replays", "high-frequency", count=500, replays=(0, 5)),
)
