"""Predicates of what comes before prompts and training: faulty components, and decoding."""

from compiler.diagnostics.wording import all_of
from compiler.selection.candidates import best
from compiler.selection.facts import Facts
from compiler.selection.faults import Fault
from compiler.selection.figures import Evidence, ProbeRun
from compiler.selection.model import Advise, Effect, EnterPhase, Finding, LeaveOut, Phase, fired, silent
from compiler.spec.schema.types import ComponentKind

MEASURE_AGAIN = "measure the prompt again on the same test set, and label the badcases that remain"


def component_faults(facts: Facts) -> Finding:
    """C1: fix a component or the flow control that makes most of the first errors."""
    limit = facts.thresholds.component_share
    evidence = attribution_evidence(facts)
    heavy = [each for each in facts.attribution.faults if each.share >= limit]
    gold = facts.measures.get("gold_output")
    if not heavy and gold is not None and gold.low >= facts.target:
        shown = (*evidence, Evidence(source=f"{gold.file} `goldOutput`", value=f"{gold}, target {facts.target:g}"))
        faulty = [each.name for each in facts.attribution.faults if not each.is_flow_control]
        which = f"{all_of(faulty)} first" if faulty else "the components that prepare the model's input"
        step = Advise(f"fix {which}, then {MEASURE_AGAIN}")
        reason = "with the right input from its components, the model meets the target"
        return fired(reason, shown, EnterPhase(Phase.COLLECT), step)
    if not heavy:
        return silent("no component other than the model makes most of the first errors", *evidence)
    only_flow = all(each.is_flow_control for each in heavy)
    effects: list[Effect] = [EnterPhase(Phase.PROMPT if only_flow else Phase.COLLECT)]
    effects += [Advise(_step(each)) for each in heavy]
    effects += [LeaveOut(label) for each in heavy for label in each.labels]
    shares = " and ".join(f"{each.share:.0%} of the first errors lie in {_called(each)}" for each in heavy)
    return fired(f"{shares}, which training the model cannot fix", evidence, *effects)


def _called(fault: Fault) -> str:
    return "the flow control" if fault.is_flow_control else f"`{fault.name}`"


def _step(fault: Fault) -> str:
    if fault.is_flow_control:
        return f"fix the agent's code or prompt first, then {MEASURE_AGAIN}"
    if fault.kind is None:
        what = f"say what runs in `{fault.name}` with `kind` in `spec.system.components`"
        return f"{what}; unless it is the model, fix it first"
    hints = {
        ComponentKind.RETRIEVER: "its queries, embeddings or ranking",
        ComponentKind.INDEX: "its chunks and what it contains",
        ComponentKind.TOOL: "its code or its description",
        ComponentKind.PARSER: "its rules or its library",
    }
    what = f" ({hints[fault.kind]})" if fault.kind in hints else ""
    return f"fix the {fault.kind} `{fault.name}` first{what}, then {MEASURE_AGAIN}"


def attribution_evidence(facts: Facts) -> tuple[Evidence, ...]:
    """Return what makes the first errors, and how many badcases remain for the model."""
    found = facts.attribution
    joined = f"; {found.unjoined} rows carry no label that the report knows" if found.unjoined else ""
    total = Evidence(source="badcases of the model", value=f"{found.remaining} of {found.rows} rows{joined}")
    return (*(each.evidence for each in found.faults), total)


def decoding_first(facts: Facts) -> Finding:
    """C2: greedy or constrained decoding that meets the target is cheaper than a prompt."""
    others = _other_rounds(facts)
    evidence = tuple(_run_evidence(each, "`passAt1` ", facts) for each in facts.probes)
    evidence += tuple(_run_evidence(each, "", facts) for each in others)
    used = facts.counted_rounds[-1].decoding if facts.counted_rounds else facts.decoding
    # a probe asks only what failed: once a round has asked the whole test set with a decoding, the round decides
    settled = {each.decoding for each in facts.rounds}
    open_probes = [each for each in facts.probes if each.decoding not in settled]
    cheaper = [
        each
        for each in (*open_probes, *others)
        if (each.decoding.temperature == 0 or each.decoding.constrained)
        and each.decoding != used
        and each.pass_at1.value >= facts.target
    ]
    now = best(facts)
    if not cheaper:
        return silent("no other decoding was measured to meet the target", *evidence)
    run = max(cheaper, key=lambda each: each.pass_at1.low)
    if now is not None and run.pass_at1.low <= now.scores[facts.metric].high:
        return silent("another decoding is not clearly better than the best prompt", *evidence)
    how = _words(run)
    step = f"decode {how} in the application, state it in `spec.decoding`, and measure the prompt on the test set again"
    which = f"the target of `{facts.metric}`" if len(facts.goals) > 1 else "the target"
    reason = f"decoding {how} meets {which}, so neither a prompt nor training is needed yet"
    return fired(reason, evidence, EnterPhase(Phase.PROMPT), Advise(step))


def _other_rounds(facts: Facts) -> list[ProbeRun]:
    """Return the scores of prompt rounds whose decoding is not the spec's."""
    return [
        ProbeRun(decoding=each.decoding, pass_at1=each.measure)
        for each in facts.rounds
        if facts.decoding is not None and each.decoding is not None and each.decoding != facts.decoding
    ]


def _words(run: ProbeRun) -> str:
    greedy = f"at temperature {run.decoding.temperature:g}"
    return f"{greedy} with constrained output" if run.decoding.constrained else greedy


def _run_evidence(run: ProbeRun, name: str, facts: Facts) -> Evidence:
    return Evidence(source=f"{run.pass_at1.file} {name}{_words(run)}", value=f"{run.pass_at1}, target {facts.target:g}")
