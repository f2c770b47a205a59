"""Predicates of distillation, and of stages that build on each other."""

from compiler.selection.facts import Facts
from compiler.selection.figures import Evidence
from compiler.selection.model import AddStage, Advise, Configure, Finding, Replace, blocked, fired, silent
from compiler.selection.predicates.data import gaps_evidence, names, prompts
from compiler.selection.predicates.gaps import probe
from compiler.selection.predicates.goals import meets_quality
from compiler.spec.methods import METHODS
from compiler.spec.schema.types import GapKind


def cheaper_model(facts: Facts) -> Finding:
    """M6: a stronger model is good enough but costs too much, so compress it into this one."""
    teacher, passed = facts.teacher, facts.measures.get("teacher_pass_at1")
    evidence = (
        gaps_evidence(facts),
        Evidence(source="spec.teacher", value=f"{teacher.name}, access {teacher.access}" if teacher else "none"),
        Evidence(source="teacher's pass@1", value=f"{passed or 'not measured'}, {facts.target:g} needed"),
    )
    if GapKind.COMPRESSION not in facts.gaps:
        return silent("there is no gap `compression`", *evidence[:1])
    if meets_quality(facts):
        step = Advise(
            f"name a smaller model in `spec.model`, and `{facts.model}` in `spec.teacher`, with prompts to learn from"
        )
        reason = f"`{facts.model}` is good enough but costs too much: distil it into a smaller model"
        return blocked(reason, evidence, step)
    if teacher is None:
        return blocked("no teacher is named", evidence, Advise("name a stronger model in `spec.teacher`"))
    if not teacher.outputs_may_train:
        advice = Advise("choose a teacher whose licence allows training on its output")
        return blocked("the teacher's licence does not allow training on its output", evidence, advice)
    if passed is None:
        advice = Advise("measure the teacher on the same questions as the model")
        return blocked("the teacher has not been measured", evidence, *probe(facts), advice)
    if passed.low < facts.target:
        advice = Advise("choose a better teacher: a student does not surpass its teacher")
        return blocked("the teacher itself does not meet the target", evidence, advice)
    if not prompts(facts):
        advice = Advise("add a data source of purpose `prompts`")
        return blocked("there are no prompts for the teacher", evidence, advice)
    stage = AddStage(method="distill", sources=names(prompts(facts)))
    return fired("the teacher meets the target, and a student can learn to do so at less cost", evidence, stage)


def kind_of_distillation(facts: Facts) -> Finding:
    """D8: learn a teacher's answers from its text, or its probabilities from its weights."""
    teacher = facts.teacher
    evidence = (Evidence(source="spec.teacher.access", value=teacher.access if teacher else "no teacher"),)
    if teacher is None or "distill" not in facts.methods:
        return silent("the plan distils no teacher", *evidence)
    if teacher.access == "weights":
        settings = {"on_policy": True, "same_vocabulary": teacher.shares_vocabulary}
        reason = (
            "the teacher's weights are available: the student learns its probabilities, on the student's own answers"
        )
        return fired(reason, evidence, Configure(method="distill", settings=settings))
    effects = (
        AddStage(method="teacher", sources=names(prompts(facts))),
        Configure(method="teacher", settings={"makes": {"prompt-completion": True}}),
        Replace(method="distill", by="sft", sources=(), made_by=("teacher",)),
    )
    reason = "only the teacher's text is available: the student learns the teacher's answers by sft"
    return fired(reason, evidence, *effects)


def merged_adapters(facts: Facts) -> Finding:
    """D13: start each stage from the merged weights of the one before, DPO's reference too."""
    policies = [METHODS[name] for name in facts.methods if METHODS[name].kind == "policy"]
    chain = [each.name for each in policies if each.mixed_into not in facts.methods]
    evidence = (Evidence(source="stages that train", value=" → ".join(chain) or "none"),)
    if len(chain) < 2:
        return silent("no stage starts from the weights of another", *evidence)
    effects = [Configure(method=method, settings={"start": "merged"}) for method in chain[1:]]
    return fired("each stage starts from the merged weights of the last stage that gained", evidence, *effects)
