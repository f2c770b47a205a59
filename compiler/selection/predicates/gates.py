"""Predicates of the phase rules, which decide the phase of a plan."""

from dataclasses import replace

from compiler.selection.facts import Facts
from compiler.selection.figures import Evidence
from compiler.selection.model import (
    AddStage,
    Advise,
    Attach,
    Effect,
    EnterPhase,
    Finding,
    Phase,
    blocked,
    fired,
    silent,
)
from compiler.selection.predicates.components import attribution_evidence
from compiler.selection.predicates.goals import meets_quality
from compiler.spec.schema.types import BadcaseClass, Purpose

AGAIN = "improve the prompt further, and measure another round on the same test set"


def end_to_end(facts: Facts) -> Finding:
    """G1: make a system run before anything else."""
    evidence = Evidence(source="spec.system.runsEndToEnd", value=str(facts.runs_end_to_end).lower())
    if facts.runs_end_to_end:
        return silent("the system runs end to end", evidence)
    advice = Advise("make the system run end to end, however roughly, then collect real badcases")
    reason = "the system does not run end to end, so it cannot show yet where the model fails"
    return fired(reason, (evidence,), EnterPhase(Phase.COLLECT), advice)


def full_chain_traces(facts: Facts) -> Finding:
    """G2: without traces of the whole chain, nobody can see which component failed."""
    evidence = Evidence(source="spec.system.traces.fullChain", value=str(facts.full_chain_traces).lower())
    if facts.full_chain_traces:
        return silent("full-chain traces are recorded", evidence)
    advice = Advise(
        "install the recorder `trainspec_trace.py`, which records the whole chain and output of each query, "
        "then set `spec.system.traces.fullChain` to true"
    )
    reason = "no full-chain traces are recorded, so nobody can see which component fails"
    return fired(reason, (evidence,), EnterPhase(Phase.COLLECT), Attach("trainspec_trace.py"), advice)


def enough_badcases(facts: Facts) -> Finding:
    """G3: collect labelled badcases until there are enough to show what goes wrong."""
    needed, counted = facts.thresholds.min_badcases, facts.badcases
    corpus = facts.of(Purpose.CORPUS)
    evidence = (
        Evidence(source="data of purpose `badcases`", value=f"{counted} rows, {needed} needed"),
        Evidence(source="data of purpose `corpus`", value=", ".join(f"`{each.name}`" for each in corpus) or "none"),
    )
    if counted >= needed:
        return silent("there are enough labelled badcases", *evidence)
    if meets_quality(facts):
        return silent("the quality goals are met, so nothing has to be analysed", *evidence)
    label = Advise(f"label {needed - counted} more badcases with `trainspec triage`: query, answer and right answer")
    reason = f"{counted} labelled badcases are too few to show what goes wrong"
    if not corpus:
        return fired(reason, evidence, EnterPhase(Phase.COLLECT), label)
    if facts.teacher is not None and not facts.teacher.outputs_may_train:
        teacher = Advise("choose a teacher whose licence allows training on its output")
        return fired(reason, evidence, EnterPhase(Phase.COLLECT), label, teacher)
    augment = AddStage(method="augment", sources=tuple(each.name for each in corpus))
    review = Advise("review the rows that the augmentation Job makes; synthetic rows never enter the evaluation")
    return fired(reason, evidence, EnterPhase(Phase.COLLECT), augment, label, review)


def prompt_first(facts: Facts) -> Finding:
    """P0: improve the prompt before training, as long as it gains."""
    evidence = (rounds_evidence(facts), _gain_evidence(facts))
    other = _gain_of_another_goal(facts) if facts.plateaued else ""
    if facts.plateaued and not other:
        return silent("the latest prompt rounds no longer gain", *evidence)
    reason, step = (other, AGAIN) if other else _why_prompts(facts)
    effects: list[Effect] = [EnterPhase(Phase.PROMPT), Advise(step)]
    unclear = [
        each.name for each in facts.badcase_groups if each.kind is BadcaseClass.UNDETERMINED and not each.at_fault
    ]
    if unclear:
        which = ", ".join(f"`{name}`" for name in unclear)
        effects.append(Advise(f"label or replay more cases of {which}, whose class is undetermined"))
    held_out = facts.of(Purpose.EVALUATION)
    if facts.verifiable and held_out:
        sources = tuple(each.name for each in facts.of(Purpose.BADCASES))
        effects.append(AddStage(method="optimize-prompt", sources=sources))
    elif facts.verifiable:
        effects.append(Advise("add held-out rows of purpose `evaluation`: then a Job measures and improves the prompt"))
    return fired(reason, evidence, *effects)


def _gain_of_another_goal(facts: Facts) -> str:
    """Return that prompts still gain on another goal that they do not meet yet; empty if they do not."""
    for goal in facts.goals[1:]:
        alone = replace(facts, goals=(goal,), rounds=facts.other_rounds.get(goal.name, ()))
        best, gain = alone.best_round, alone.plateau_gain
        if gain is not None and not alone.plateaued and best is not None and best.measure.low < goal.target:
            return f"the latest prompt rounds still gain {gain:.3f} of `{goal.name}`"
    return ""


def _why_prompts(facts: Facts) -> tuple[str, str]:
    """Return why prompts come first, and the next step."""
    gain, limits = facts.plateau_gain, facts.thresholds
    if not facts.rounds:
        step = "measure the current prompt on a fixed test set, then improve it for each class of badcases"
        return "no prompt round has been measured", step
    if gain is not None:
        return f"the latest prompt rounds still gain {gain:.3f}", AGAIN
    needed, counted = limits.plateau_rounds + 1, len(facts.counted_rounds)
    if facts.decoding is not None and all(each.decoding != facts.decoding for each in facts.rounds):
        return "no prompt round used the decoding of the spec", f"measure {needed} prompt rounds with `spec.decoding`"
    passed_over, last = len(facts.rounds) - counted, facts.rounds[-1]
    if last.questions < limits.min_questions:
        step = f"measure {needed} prompt rounds on one test set of at least {limits.min_questions} questions"
        return f"{last.questions} questions are too few to compare prompt rounds", step
    more = f"{needed - counted} more round{'s' if needed - counted > 1 else ''}"
    step = f"measure {more} on the same {last.questions} questions as `{last.name}`"
    if passed_over:
        which = f"{passed_over} of {len(facts.rounds)} prompt rounds used other questions than the latest one"
        return f"{which}, so they cannot be compared", step
    return f"{counted} prompt rounds are too few to show a plateau, {needed} are needed", step


def remaining_badcases(facts: Facts) -> Finding:
    """T0: train on the badcases that remain when prompts have plateaued."""
    remaining = facts.attribution.remaining
    evidence = (rounds_evidence(facts), _gain_evidence(facts), *attribution_evidence(facts))
    if not facts.rounds:
        advice = Advise("measure prompt rounds before any training")
        return blocked("no prompt round has been measured", evidence, advice)
    if not facts.plateaued:
        return silent("the prompt rounds have not plateaued", *evidence)
    if not remaining:
        advice = Advise("fix these faults where they are, then collect the badcases that remain")
        reason = "no badcase is the model's: all are faults of the flow control or of components"
        return blocked(reason, evidence, EnterPhase(Phase.PROMPT), advice)
    reason = f"the prompt rounds no longer gain, and {remaining} badcases remain to train on"
    return fired(reason, evidence, EnterPhase(Phase.TRAIN))


def rounds_evidence(facts: Facts) -> Evidence:
    """Return the prompt rounds in one line."""
    shown = ", ".join(f"{each.name} {each.score:.3f} (n = {each.questions})" for each in facts.rounds)
    files = sorted({each.file for each in facts.rounds})
    return Evidence(source=", ".join(files) or "evidence of kind `PromptRounds`", value=shown or "none")


def _gain_evidence(facts: Facts) -> Evidence:
    gain = "unknown" if facts.plateau_gain is None else f"{facts.plateau_gain:+.3f}"
    limits = facts.thresholds
    source = f"gain of the last {limits.plateau_rounds} rounds"
    return Evidence(source=source, value=f"{gain}, plateau below {limits.plateau_min_gain:g}")
