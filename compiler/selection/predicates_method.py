"""Predicates of the method rules and of the pair rules that go with DPO. Asked in the train phase only."""

from compiler.schema.v1alpha1 import GapKind, Purpose, Shape
from compiler.selection.facts import Facts, SourceFacts
from compiler.selection.model import AddStage, Advise, Configure, Evidence, Finding, Replace, Status, Warn
from compiler.selection.thresholds import MAX_NEAR_SHARE, MIN_DEMONSTRATIONS, MIN_PAIRS, NEAR_EDIT_DISTANCE


def unstable_to_sft(facts: Facts) -> Finding:
    """M2: the model understands, but behaves unstably."""
    source = _demonstrations(facts)
    rows = source.file.rows if source else 0
    evidence = (
        _gaps(facts),
        Evidence(source="data of purpose `demonstrations`", value=f"{rows} rows, {MIN_DEMONSTRATIONS} needed"),
    )
    if GapKind.UNSTABLE not in facts.gaps:
        return Finding(status=Status.SILENT, reason="no gap `unstable` is declared", evidence=evidence)
    if source is None or rows < MIN_DEMONSTRATIONS:
        advice = Advise(f"use few-shot prompts or augmentation until there are {MIN_DEMONSTRATIONS} demonstrations")
        reason = f"{rows} demonstrations are too few for sft"
        return Finding(status=Status.BLOCKED, reason=reason, evidence=evidence, effects=(advice,))
    reason = "the spec declares that the model understands but is unstable, and there are demonstrations"
    return Finding(
        status=Status.FIRED, reason=reason, evidence=evidence, effects=(AddStage(method="sft", source=source.name),)
    )


def preference_to_dpo(facts: Facts) -> Finding:
    """M3: a preference gap, with data that says which answer is better."""
    source = _preference_data(facts)
    evidence = (_gaps(facts), Evidence(source="data that says which answer is better", value=_pairs_text(source)))
    if GapKind.PREFERENCE not in facts.gaps:
        return Finding(status=Status.SILENT, reason="no gap `preference` is declared", evidence=evidence)
    if source is None:
        advice = Advise("collect human corrections of badcases: the wrong answer beside the right one")
        reason = "no source says which of two answers is better"
        return Finding(status=Status.BLOCKED, reason=reason, evidence=evidence, effects=(advice,))
    if source.shape is Shape.PREFERENCE and source.file.answered < MIN_PAIRS:
        advice = Advise(f"collect pairs until there are {MIN_PAIRS} whose answers differ")
        reason = f"{source.file.answered} pairs are too few for dpo"
        return Finding(status=Status.BLOCKED, reason=reason, evidence=evidence, effects=(advice,))
    reason = "the spec declares a preference gap, and there are right against wrong answers to learn from"
    return Finding(
        status=Status.FIRED, reason=reason, evidence=evidence, effects=(AddStage(method="dpo", source=source.name),)
    )


def pairs_from_badcases(facts: Facts) -> Finding:
    """D1: pairs are made of badcases: chosen is the human fix, rejected the logged wrong answer to the same prompt."""
    source = _preference_data(facts)
    if not _wants_pairs(facts) or source is None or source.shape is not Shape.BADCASE:
        return Finding(status=Status.SILENT, reason="no pairs have to be made of badcases", evidence=(_gaps(facts),))
    evidence = (Evidence(source=f"spec.data `{source.name}`", value=f"{_pairs_text(source)}, {MIN_PAIRS} needed"),)
    if source.file.answered >= MIN_PAIRS:
        settings = Configure(method="dpo", settings={"pairs": "badcase"})
        return Finding(
            status=Status.FIRED,
            reason="badcases hold the logged wrong answer and the fix",
            evidence=evidence,
            effects=(settings,),
        )
    return _without_pairs(facts, evidence)


def _without_pairs(facts: Facts, evidence: tuple[Evidence, ...]) -> Finding:
    demonstrations = _demonstrations(facts)
    advice = Advise("log the wrong answer with each badcase, or sample the policy and keep what the verifier fails")
    if demonstrations is None or demonstrations.file.rows < MIN_DEMONSTRATIONS:
        drop = Replace(method="dpo", by="", source="")
        reason = "too few badcases hold a logged answer, and there are no demonstrations to fall back on"
        return Finding(status=Status.BLOCKED, reason=reason, evidence=evidence, effects=(drop, advice))
    warn = Warn(
        code="SEL305",
        message="too few badcases hold a logged answer for dpo, so sft takes its place",
        hint="log the wrong answer with each badcase",
        field=("spec", "gaps"),
    )
    downgrade = Replace(method="dpo", by="sft", source=demonstrations.name)
    reason = "too few badcases hold a logged answer: downgraded to sft"
    return Finding(status=Status.FIRED, reason=reason, evidence=evidence, effects=(downgrade, warn, advice))


def thumbs_to_kto(facts: Facts) -> Finding:
    """D2: single answers marked good or bad are no pairs."""
    source = _preference_data(facts)
    evidence = (Evidence(source="shape of the preference data", value=source.shape.value if source else "none"),)
    if not _wants_pairs(facts) or source is None or source.shape is not Shape.UNPAIRED_PREFERENCE:
        return Finding(
            status=Status.SILENT, reason="thumbs up and down are not all there is to learn from", evidence=evidence
        )
    replace = Replace(method="dpo", by="kto", source=source.name)
    return Finding(
        status=Status.FIRED, reason="there are only thumbs up and down", evidence=evidence, effects=(replace,)
    )


def near_identical_pairs(facts: Facts) -> Finding:
    """D3: chosen and rejected that are nearly the same move each other's likelihood down."""
    source = _preference_data(facts)
    if not _wants_pairs(facts) or source is None or not source.file.answered:
        return Finding(status=Status.SILENT, reason="no pairs are used", evidence=(_gaps(facts),))
    near, pairs = source.file.near, source.file.answered
    evidence = (
        Evidence(
            source=f"spec.data `{source.name}`",
            value=f"{near} of {pairs} pairs closer than {NEAR_EDIT_DISTANCE:g} in edit distance",
        ),
    )
    if not near:
        return Finding(status=Status.SILENT, reason="no pair is nearly the same", evidence=evidence)
    warn = Warn(
        code="SEL304",
        message=f"{near} of {pairs} pairs of `{source.name}` are nearly the same",
        hint="rule D3 filters them, or adds the `sft` loss where they are many; see PLAN.md",
        field=("spec", "data", source.name),
    )
    if near / pairs > MAX_NEAR_SHARE:
        loss = Configure(
            method="dpo", settings={"trainer": {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 1.0]}}
        )
        return Finding(
            status=Status.FIRED,
            reason="many pairs are nearly the same: the sft loss is added",
            evidence=evidence,
            effects=(loss, warn),
        )
    cut = Configure(method="dpo", settings={"min_edit_distance": NEAR_EDIT_DISTANCE})
    return Finding(
        status=Status.FIRED,
        reason="a few pairs are nearly the same: they are filtered",
        evidence=evidence,
        effects=(cut, warn),
    )


def off_policy_pairs(facts: Facts) -> Finding:
    """D4: rejected answers of another model or prompt teach the present policy less."""
    source = _preference_data(facts)
    if not _wants_pairs(facts) or source is None or source.shape is not Shape.BADCASE:
        return Finding(status=Status.SILENT, reason="no logged answers are used", evidence=(_gaps(facts),))
    counts, versions = dict(source.file.models), source.file.prompt_versions
    other = sum(count for name, count in counts.items() if name != facts.model)
    evidence = (
        Evidence(
            source=f"`model` in `{source.name}`", value=", ".join(f"{name} {count}" for name, count in counts.items())
        ),
        Evidence(source=f"`prompt_version` in `{source.name}`", value=", ".join(versions) or "none"),
        Evidence(source="spec.model", value=facts.model),
    )
    if other or len(versions) > 1:
        what = (
            f"{other} of {source.file.rows} answers are not from `{facts.model}`"
            if other
            else "answers are of several prompt versions"
        )
        warn = Warn(
            code="SEL303",
            message=f"`{source.name}`: {what}",
            hint="collect badcases again with the present model and prompt",
            field=("spec", "data", source.name),
        )
        return Finding(status=Status.FIRED, reason=f"off-policy: {what}", evidence=evidence, effects=(warn,))
    if GapKind.UNSTABLE in facts.gaps:
        advice = Advise("after the sft stage, collect badcases again with its model: those at hand are from before it")
        reason = "all answers were logged from the base model, and sft comes before dpo, so they are off-policy for it"
        return Finding(status=Status.FIRED, reason=reason, evidence=evidence, effects=(advice,))
    return Finding(
        status=Status.SILENT, reason="all answers were logged from the model that dpo starts from", evidence=evidence
    )


def _wants_pairs(facts: Facts) -> bool:
    return GapKind.PREFERENCE in facts.gaps


def _demonstrations(facts: Facts) -> SourceFacts | None:
    return max(facts.of(Purpose.DEMONSTRATIONS), key=lambda each: each.file.rows, default=None)


def _preference_data(facts: Facts) -> SourceFacts | None:
    """The best source to learn preferences from: given pairs, else badcases, else thumbs."""
    given = facts.of(Purpose.PREFERENCES)
    ranked = [
        *(each for each in given if each.shape is Shape.PREFERENCE),
        *facts.of(Purpose.BADCASES),
        *(each for each in given if each.shape is Shape.UNPAIRED_PREFERENCE),
    ]
    thumbs = ranked[-1:] if ranked and ranked[-1].shape is Shape.UNPAIRED_PREFERENCE else []
    enough = [each for each in ranked if each.file.answered >= MIN_PAIRS]
    return next(iter([*enough, *thumbs, *ranked]), None)


def _pairs_text(source: SourceFacts | None) -> str:
    if source is None:
        return "none"
    file = source.file
    return (
        f"`{source.name}`: {file.rows} rows, {file.answered} with both answers, {file.unanswered} without the wrong one"
    )


def _gaps(facts: Facts) -> Evidence:
    return Evidence(source="spec.gaps", value=", ".join(facts.gaps) or "none")
