"""Predicates of declared and measured gaps, and of data that training and evaluation share."""

from compiler.diagnostics.wording import all_of, counted
from compiler.selection.facts import Declared, Facts
from compiler.selection.figures import Evidence, Verdict
from compiler.selection.model import AddStage, Advise, Conclude, Effect, Finding, Warn, blocked, fired, silent
from compiler.selection.predicates.data import enough_demonstrations
from compiler.selection.predicates.goals import meets_quality
from compiler.selection.predicates.supervised import fails_without_a_gap, recall_only
from compiler.selection.probe_verdicts import MEASURED_BY, field_name
from compiler.spec.data.gates import Overlap
from compiler.spec.schema.types import GapKind, Purpose

PROBE = "run the probe on the badcases that the best prompt leaves, and commit its report as evidence"
LACKING = "measure {} on the badcases that the best prompt leaves, and commit the probe's report as evidence"
LOOK = "read the badcases that no gap explains, label their `kind` and `component`, and check their references"

# gaps that a probe of the model alone can measure
PROBED = (GapKind.UNKNOWN_DOMAIN, GapKind.UNTAUGHT, GapKind.UNSTABLE, GapKind.REASONING)


def measured_gaps(facts: Facts) -> Finding:
    """D11: measured gaps count; an override of them needs a reason and an owner."""
    declared = {each.kind: each for each in facts.declared}
    evidence = tuple(_compared(kind, declared.get(kind), facts) for kind in sorted({*declared, *facts.readings}))
    if meets_quality(facts):
        reason = "quality is met, so the only gap is what serving costs"
        return fired(reason, evidence, Conclude(frozenset({GapKind.COMPRESSION})))
    gaps = frozenset(kind for kind in GapKind if _counts(kind, declared.get(kind), facts))
    effects: list[Effect] = [Conclude(gaps), *(_warnings(facts))]
    if not gaps:
        return _no_gap(facts, evidence, effects)
    changed = sorted(gaps ^ declared.keys())
    kept = sorted(each.kind for each in facts.declared if each.owner and _contradicted(each.kind, facts))
    if not changed and not kept and len(effects) == 1:
        return silent("the declared gaps are the measured ones", *evidence)
    return fired(_difference(changed, kept, declared), evidence, *effects)


def _no_gap(facts: Facts, evidence: tuple[Evidence, ...], effects: list[Effect]) -> Finding:
    """Return what was excluded, and the measurement or the reading that can show more."""
    if recall_only(facts):
        return blocked("the model only lacks the facts that a passage would give it (M1)", evidence, *effects)
    if not facts.readings:
        return blocked("no gap is known, so no method can be chosen", evidence, *effects, *probe(facts), Advise(PROBE))
    unclear = sorted(kind for kind, each in facts.readings.items() if each.verdict is Verdict.INSUFFICIENT)
    absent = sorted(kind for kind, each in facts.readings.items() if each.verdict is Verdict.ABSENT)
    excluded = f"{all_of(absent)} {'is' if len(absent) == 1 else 'are'} measured as absent" if absent else ""
    if len(absent) == 1:
        excluded += f": {facts.readings[absent[0]].reason}"
    undecided = f"the probe does not decide {all_of(unclear)}" if unclear else ""
    reason = "; ".join(part for part in ("no gap explains the badcases", excluded, undecided) if part)
    if fails_without_a_gap(facts) and enough_demonstrations(facts):
        return fired(
            f"{reason}: what remains is to learn the task from demonstrations (D17)", evidence, *effects, Advise(LOOK)
        )
    if unclear:
        more = Advise(f"probe more prompts: the intervals of {all_of(unclear)} contain a threshold")
        return blocked(reason, evidence, *effects, *probe(facts), more)
    missing = [name for kind in PROBED if kind not in facts.readings for name in MEASURED_BY[kind]]
    lacking = [field_name(name) for name in dict.fromkeys(missing) if name not in facts.measures]
    if lacking:
        return blocked(reason, evidence, *effects, *probe(facts), Advise(LACKING.format(all_of(lacking))))
    return blocked(reason, evidence, *effects, Advise(LOOK))


def _counts(kind: GapKind, declared: Declared | None, facts: Facts) -> bool:
    if kind in facts.readings and facts.readings[kind].verdict is Verdict.PRESENT:
        if kind is GapKind.COMPRESSION and declared is None:
            return bool(facts.limits)  # a better teacher alone is no reason to compress: cost or latency is
        # spread under a reward permits reinforcement learning; a spec that defines a reward wants it
        return declared is not None or kind is not GapKind.RULE_CONSTRAINTS or facts.reward is not None
    return declared is not None and (bool(declared.owner) or not _contradicted(kind, facts))


def _contradicted(kind: GapKind, facts: Facts) -> bool:
    if kind is GapKind.RULE_CONSTRAINTS:
        return False  # without spread rewards teach nothing, but the rules still apply: M5 is blocked by it
    return kind in facts.readings and facts.readings[kind].verdict is Verdict.ABSENT


def _difference(changed: list[GapKind], kept: list[GapKind], declared: dict[GapKind, Declared]) -> str:
    parts = [
        f"`{kind}` is {'declared, but measured as absent' if kind in declared else 'measured, but not declared'}"
        for kind in changed
    ]
    parts += [
        f"`{kind}` is kept despite its measurement: {declared[kind].reason} ({declared[kind].owner})" for kind in kept
    ]
    return "; ".join(parts) or "the declared gaps count, because no measurement contradicts them"


def _compared(kind: GapKind, declared: Declared | None, facts: Facts) -> Evidence:
    reading = facts.readings.get(kind)
    claim = "declared" if declared else "not declared"
    if reading is None:
        return Evidence(source=f"gap `{kind}`", value=f"{claim}, not measured")
    figures = "; ".join(f"{each.source} {each.value}" for each in reading.evidence)
    return Evidence(source=f"gap `{kind}`", value=f"{claim}, measured: {reading.verdict}, {reading.reason}; {figures}")


def _warnings(facts: Facts) -> list[Warn]:
    warnings = []
    for index, each in enumerate(facts.declared):
        at = ("spec", "gaps", index)
        reading = facts.readings.get(each.kind)
        if reading is None or reading.verdict is Verdict.INSUFFICIENT:
            why = "not measured" if reading is None else f"the probe does not decide it: {reading.reason}"
            hint = LACKING.format(all_of(field_name(name) for name in MEASURED_BY[each.kind]))
            message = f"gap `{each.kind}` is declared, but {why}"
            warnings.append(Warn(code="SEL310", message=message, hint=hint, field=at))
        elif _contradicted(each.kind, facts) and each.owner:
            message = f"`{each.owner}` keeps gap `{each.kind}` despite its measurement: {each.reason}"
            warnings.append(Warn(code="SEL309", message=message, hint="ask a reviewer to confirm the reason", field=at))
        elif _contradicted(each.kind, facts):
            message = f"gap `{each.kind}` is declared, but measured as absent: {reading.reason}"
            hint = "remove the gap, or keep it with an `override` that gives a reason and an owner"
            warnings.append(Warn(code="SEL308", message=message, hint=hint, field=at))
    return warnings


def probe(facts: Facts, *, on_policy: bool = False) -> tuple[AddStage, ...]:
    """Return the probe Job, of the base model or of the model trained so far.

    Empty where a Job cannot check answers.
    """
    sources = tuple(each.name for each in facts.of(Purpose.BADCASES))
    return (AddStage(method="probe", sources=sources, on_policy=on_policy),) if facts.verifiable and sources else ()


def overlap_with_evaluation(facts: Facts) -> Finding:
    """D14: training and evaluation data must share nothing."""
    shown = ", ".join(f"`{each.name}`" for each in facts.of(Purpose.EVALUATION)) or "none"
    shared = [each for each in facts.overlaps if each.found]
    unmeasured = [each for each in facts.overlaps if not each.measured]
    evidence = tuple(
        Evidence(
            source=f"`{each.other}` and `{each.evaluation}`", value=_shared(each) if each.found else "not measured"
        )
        for each in (*shared, *unmeasured)
    )
    if shared:
        return fired("training and evaluation data share cases", evidence, *filter(None, map(_leak, shared)))
    if unmeasured:
        between = ", ".join(f"`{each.other}` and `{each.evaluation}`" for each in unmeasured)
        return silent(f"not measured: what {between} share", *evidence)
    kept = sum(each.accepted for each in facts.overlaps)
    others = f" but {counted(kept, 'similar question')}, kept by an owner" if kept else ""
    reason = "there is no evaluation data" if shown == "none" else f"training and evaluation data share nothing{others}"
    return silent(reason, Evidence(source="evaluation data", value=shown))


def _leak(each: Overlap) -> Warn | None:
    """Return the diagnostic of shared questions and clusters; the check phase has reported questions that are near."""
    if not (each.prompts or each.clusters or each.contained):
        return None
    return Warn(
        code="CHK210",
        message=f"`{each.other}` and evaluation `{each.evaluation}` share {_shared(each)}"
        + (f": {', '.join(each.rows)}" if each.rows else ""),
        hint="split the data by cluster, then remove the shared rows from the training data",
        field=("spec", "data", each.evaluation),
    )


def _shared(each: Overlap) -> str:
    counts = ((each.prompts, "prompts"), (each.clusters, "clusters"), (each.near, "reworded questions"))
    found = [f"{count} {what}" for count, what in counts if count]
    found += [f"{each.contained} questions inside other text"] * bool(each.contained)
    return " and ".join(found)
