"""Classes of badcases, each answered by one prompt technique.

A class follows from the count, the intents and the replays of a labelled kind. The order of the checks is precedence.
"""

from compiler.selection.attribution import at_fault
from compiler.selection.faults import BadcaseGroup
from compiler.spec.schema.evidence import BadcaseKind, BadcaseReportBody
from compiler.spec.schema.thresholds import Thresholds
from compiler.spec.schema.training_spec import Component
from compiler.spec.schema.types import BadcaseClass
from runtime.contract.statistics import wilson_interval

REPLAYS = 5  # the replay thresholds are written for this many replays


def groups(report: BadcaseReportBody, components: list[Component], limits: Thresholds) -> tuple[BadcaseGroup, ...]:
    """Return the kinds of a report with their classes, sorted by name."""
    kinds = sorted(report.kinds, key=lambda each: each.name)
    return tuple(_group(kind, report.traces, components, limits) for kind in kinds)


def _group(kind: BadcaseKind, traces: int, components: list[Component], limits: Thresholds) -> BadcaseGroup:
    found, reason = _class_of(kind, traces, limits)
    fault = at_fault(kind, components)
    return BadcaseGroup(name=kind.name, kind=found, count=kind.count, reason=reason, at_fault=fault)


def _class_of(kind: BadcaseKind, traces: int, limits: Thresholds) -> tuple[BadcaseClass, str]:
    low, high = wilson_interval(min(kind.count, traces) / traces, traces)
    replays = kind.replays if kind.replays and kind.replays.total >= REPLAYS else None  # fewer may be chance
    failed = replays.failed / replays.total * REPLAYS if replays else None
    share = kind.first_error_share or 0.0
    if kind.flow_control:
        return BadcaseClass.FLOW_CONTROL, "the fault is in the agent's logic"
    if kind.critical_intent and failed is not None and failed >= limits.critical_replays:
        return BadcaseClass.CRITICAL, f"a critical intent, {_replays(kind)} replays failed"
    if kind.component and share >= limits.systemic_share and kind.intents >= limits.systemic_intents:
        return (
            BadcaseClass.SYSTEMIC,
            f"`{kind.component}` causes {share:.0%} of first errors over {kind.intents} intents",
        )
    if (kind.paraphrase_flip_rate or 0.0) >= limits.paraphrase_flips:
        return BadcaseClass.SYSTEMIC, f"{kind.paraphrase_flip_rate:.0%} of paraphrases change the answer"
    if low >= limits.frequent_share:
        return BadcaseClass.HIGH_FREQUENCY, f"{kind.count} of {traces} traces, at least {low:.1%}"
    if high < limits.sporadic_share:
        return BadcaseClass.SPORADIC, f"{kind.count} of {traces} traces, at most {high:.1%}"
    if failed is not None and failed <= limits.sporadic_replays:
        return BadcaseClass.SPORADIC, f"{_replays(kind)} replays failed"
    return BadcaseClass.UNDETERMINED, f"{kind.count} of {traces} traces: more labels or replays are needed"


def _replays(kind: BadcaseKind) -> str:
    return f"{kind.replays.failed} of {kind.replays.total}" if kind.replays else "no"
