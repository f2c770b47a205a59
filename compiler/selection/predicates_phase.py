"""Predicates of the phase gates: done, collect, prompt, train. Each takes facts and gives a finding."""

from dataclasses import replace

from compiler.schema.v1alpha1 import Purpose
from compiler.selection.facts import Facts, wilson_interval
from compiler.selection.model import Advise, EnterPhase, Evidence, Finding, Phase, Status, Warn
from compiler.selection.thresholds import MIN_BADCASES


def end_to_end(facts: Facts) -> Finding:
    """G1: a system that does not run is built first."""
    evidence = (Evidence(source="spec.system.runsEndToEnd", value=str(facts.runs_end_to_end).lower()),)
    if facts.runs_end_to_end:
        return Finding(status=Status.SILENT, reason="the system runs end to end", evidence=evidence)
    return Finding(
        status=Status.FIRED,
        reason="the system does not run end to end, so nothing can be learnt of the model yet",
        evidence=evidence,
        effects=(
            EnterPhase(Phase.COLLECT),
            Advise("make the system run end to end, if only just, then collect real badcases"),
        ),
    )


def full_chain_traces(facts: Facts) -> Finding:
    """G2: without traces of the whole chain nobody can tell which part failed."""
    evidence = (Evidence(source="spec.system.traces.fullChain", value=str(facts.full_chain_traces).lower()),)
    if facts.full_chain_traces:
        return Finding(status=Status.SILENT, reason="full-chain traces are recorded", evidence=evidence)
    return Finding(
        status=Status.FIRED,
        reason="no full-chain traces are recorded, so the component at fault cannot be told",
        evidence=evidence,
        effects=(
            EnterPhase(Phase.COLLECT),
            Advise("add a callback to the pipeline that records each query's whole chain and its output"),
        ),
    )


def enough_badcases(facts: Facts) -> Finding:
    """G3: too few labelled badcases to know what is wrong."""
    corpus = facts.of(Purpose.CORPUS)
    evidence = (
        Evidence(source="data of purpose `badcases`", value=f"{facts.badcases} rows, {MIN_BADCASES} needed"),
        Evidence(source="data of purpose `corpus`", value=f"{len(corpus)} sources"),
    )
    if facts.badcases >= MIN_BADCASES:
        return Finding(status=Status.SILENT, reason="there are enough labelled badcases", evidence=evidence)
    label = Advise(
        f"label {MIN_BADCASES - facts.badcases} more badcases out of the traces: the query, the answer, what is right"
    )
    augment = Advise("augment the corpus with a knowledge graph (GraphGen); synthetic rows never enter the evaluation")
    return Finding(
        status=Status.FIRED,
        reason=f"{facts.badcases} labelled badcases are too few to see what is wrong",
        evidence=evidence,
        effects=(EnterPhase(Phase.COLLECT), label, *((augment,) if corpus else ())),
    )


def target_met(facts: Facts) -> Finding:
    """DONE: the best prompt already meets the target, beyond the noise of its measurement."""
    best = facts.best_round
    if best is None:
        return Finding(status=Status.SILENT, reason="nothing has been measured yet", evidence=(_rounds(facts),))
    low, high = wilson_interval(best.score * best.questions, best.questions)
    evidence = (
        Evidence(
            source=f"spec.prompt.rounds `{best.name}`",
            value=f"{facts.metric} {best.score:.3f} (95 % {low:.3f} to {high:.3f}, n = {best.questions})",
        ),
        Evidence(source="spec.goal.metrics[0].target", value=f"{facts.target:g}"),
    )
    if low < facts.target:
        return Finding(
            status=Status.SILENT, reason="the interval of the best score does not clear the target", evidence=evidence
        )
    effects = (EnterPhase(Phase.DONE), Advise("keep the prompt as it is, and go on collecting badcases"))
    return Finding(status=Status.FIRED, reason="the target is met by prompts alone", evidence=evidence, effects=effects)


def prompt_first(facts: Facts) -> Finding:
    """P0: prompts before training, as long as they gain."""
    gain = facts.plateau_gain
    evidence = (_rounds(facts), _gain(facts))
    if facts.plateaued:
        return Finding(status=Status.SILENT, reason="the latest prompt rounds no longer gain", evidence=evidence)
    if not facts.rounds:
        reason = "no prompt round has been measured"
        step = "measure the present prompt on a fixed test set, then improve it by the class of each badcase"
    elif gain is None:
        reason = "too few prompt rounds to see a plateau"
        needed = f"{facts.plateau_rounds + 1} at least, {len(facts.rounds)} so far"
        step = f"measure more prompt rounds on the same test set: {needed}"
    else:
        reason = f"the latest prompt rounds still gain {gain:.3f}"
        step = "go on with the prompt: another round on the same test set"
    return Finding(
        status=Status.FIRED, reason=reason, evidence=evidence, effects=(EnterPhase(Phase.PROMPT), Advise(step))
    )


def few_shot(facts: Facts) -> Finding:
    """P1: frequent or critical classes get few-shot examples."""
    return _prompt_technique(
        facts,
        ("critical", "high-frequency"),
        "put typical badcases of class {names} into the prompt as few-shot examples",
    )


def rules_in_prompt(facts: Facts) -> Finding:
    """P2: sporadic classes get rules and limits."""
    return _prompt_technique(
        facts, ("sporadic",), "add explicit rules, limits and preferences for the cases of class {names} to the prompt"
    )


def restructure_prompt(facts: Facts) -> Finding:
    """P3: systemic classes need another prompt structure."""
    return _prompt_technique(
        facts,
        ("systemic",),
        "restructure the prompt module for class {names}: deliberate, step-by-step ReAct, or an auxiliary chain",
    )


def flow_control(facts: Facts) -> Finding:
    """P4: faults of the agent's logic are mended in code or prompt, never by training."""
    advice = "mend the agent's code or prompt for the cases of class {names}; training is refused for them"
    finding = _prompt_technique(facts, ("flow-control",), advice)
    if finding.status is Status.SILENT or not facts.plateaued:
        return finding
    refuse = Warn(
        code="SEL307",
        message=f"training is refused: {finding.reason}",
        hint="move these rows out of the source, and mend the agent's code or prompt",
        field=("spec", "data"),
    )
    return replace(finding, effects=(*finding.effects, refuse))


def train_the_rest(facts: Facts) -> Finding:
    """T0: prompts have plateaued and badcases remain."""
    evidence = (
        _rounds(facts),
        _gain(facts),
        Evidence(source="data of purpose `badcases`", value=f"{facts.badcases} rows"),
    )
    if not facts.plateaued:
        return Finding(status=Status.SILENT, reason="prompts have not plateaued", evidence=evidence)
    return Finding(
        status=Status.FIRED,
        reason=f"prompts have plateaued and {facts.badcases} badcases remain: these are what to train on",
        evidence=evidence,
        effects=(EnterPhase(Phase.TRAIN),),
    )


def _rounds(facts: Facts) -> Evidence:
    shown = ", ".join(f"{each.name} {each.score:.3f}" for each in facts.rounds) or "none"
    return Evidence(source="spec.prompt.rounds", value=shown)


def _gain(facts: Facts) -> Evidence:
    gain = "unknown" if facts.plateau_gain is None else f"{facts.plateau_gain:+.3f}"
    return Evidence(
        source=f"gain of the last {facts.plateau_rounds} rounds",
        value=f"{gain}, plateau below {facts.plateau_min_gain:g}",
    )


def _classes(facts: Facts) -> dict[str, int]:
    counts: dict[str, int] = {}
    for source in facts.of(Purpose.BADCASES):
        for name, count in source.file.classes:
            counts[name] = counts.get(name, 0) + count
    return dict(sorted(counts.items()))


def _prompt_technique(facts: Facts, classes: tuple[str, ...], advice: str) -> Finding:
    counts = _classes(facts)
    shown = ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
    chosen = [name for name in classes if name in counts]
    evidence = (Evidence(source="classes of the badcases", value=shown),)
    if not chosen:
        return Finding(status=Status.SILENT, reason="no badcase is of that class", evidence=evidence)
    names = ", ".join(f"`{name}`" for name in chosen)
    count = sum(counts[name] for name in chosen)
    return Finding(
        status=Status.FIRED,
        reason=f"{count} badcases are of class {names}",
        evidence=evidence,
        effects=(Advise(advice.format(names=names)),),
    )
