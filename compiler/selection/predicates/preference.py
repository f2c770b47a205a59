"""DPO and the pairs that it learns from."""

from compiler.selection.facts import Evidence, Facts, Source
from compiler.selection.model import AddStage, Advise, Configure, Finding, Replace, Warn, blocked, fired, silent
from compiler.selection.predicates.data import (
    TRIED_BEFORE_RL,
    demonstrations,
    enough_demonstrations,
    gaps_evidence,
    has_pairs,
    names,
    pairs,
    pairs_evidence,
    preference_data,
    rows,
    usable_pairs,
)
from compiler.selection.predicates.supervised import base_never_succeeds
from compiler.spec.schema.types import GapKind, Purpose, Shape


def preference(facts: Facts) -> Finding:
    """M3: a preference gap, with data that says which answer is better."""
    sources = preference_data(facts)
    evidence = (gaps_evidence(facts), pairs_evidence(facts))
    if GapKind.PREFERENCE not in facts.gaps:
        return silent("there is no gap `preference`", *evidence)
    if not sources:
        advice = Advise("collect human corrections of badcases: the wrong answer beside the right one")
        return blocked("no source says which of two answers is better", evidence, advice)
    if sources[0].shape is Shape.PREFERENCE and not has_pairs(facts):
        advice = Advise(f"collect pairs until there are {facts.thresholds.min_pairs} whose answers differ")
        return blocked(f"{pairs(sources, facts)} pairs are too few for dpo", evidence, advice)
    if sources[0].shape is Shape.UNPAIRED_PREFERENCE and rows(sources) < facts.thresholds.min_pairs:
        advice = Advise(f"collect marked answers until there are {facts.thresholds.min_pairs}")
        return blocked(f"{rows(sources)} thumbs up and down are too few to learn from", evidence, advice)
    stage = AddStage(method="dpo", sources=names(sources))
    marked = sources[0].shape is Shape.UNPAIRED_PREFERENCE
    what = "answers marked good or bad" if marked else "right against wrong ones"
    return fired(f"answers differ in preference, and there are {what} to learn from", evidence, stage)


def pairs_from_badcases(facts: Facts) -> Finding:
    """D1: pairs are made of badcases: chosen is the human fix, rejected the logged wrong answer to the same prompt."""
    sources = _chosen_sources(facts)
    if not sources or sources[0].shape is not Shape.BADCASE:
        return silent("no pairs have to be made of badcases", gaps_evidence(facts))
    needed = facts.thresholds.min_pairs
    evidence = (pairs_evidence(facts), Evidence(source="pairs needed", value=str(needed)))
    if pairs(sources, facts) >= needed:
        learners = [method for method in ("dpo", "reward") if method in facts.methods]
        made = [Configure(method=method, settings={"pairs": "badcase"}) for method in learners]
        return fired("badcases hold the logged wrong answer and the fix", evidence, *made)
    if facts.verifiable and not base_never_succeeds(facts):
        sample = AddStage(method="sample", sources=names(sources), on_policy=True)
        instead = Replace(method="dpo", by="dpo", sources=(), made_by=("sample",))
        reason = "too few badcases hold a logged answer: the model is sampled, and what the verifier fails is rejected"
        makes = Configure(method="sample", settings={"makes": {"preference": True}})
        return fired(reason, evidence, sample, makes, instead)
    return _without_pairs(facts, evidence)


def _without_pairs(facts: Facts, evidence: tuple[Evidence, ...]) -> Finding:
    advice = Advise("log the wrong answer with each badcase, or name a metric that can check sampled answers")
    if not enough_demonstrations(facts):
        reason = "too few badcases hold a logged answer, and there are no demonstrations to fall back on"
        return blocked(reason, evidence, Replace(method="dpo"), advice)
    warning = Warn(
        code="SEL305",
        message="too few badcases hold a logged answer for dpo, so sft takes its place",
        hint="log the wrong answer with each badcase",
        field=("spec", "gaps"),
    )
    downgrade = Replace(method="dpo", by="sft", sources=names(demonstrations(facts)))
    return fired("too few badcases hold a logged answer: downgraded to sft", evidence, downgrade, warning, advice)


def marked_answers_only(facts: Facts) -> Finding:
    """D2: single answers marked good or bad are no pairs."""
    sources = _chosen_sources(facts)
    shape = Evidence(source="shape of the preference data", value=sources[0].shape.value if sources else "none")
    if not sources or sources[0].shape is not Shape.UNPAIRED_PREFERENCE:
        return silent("no stage learns from thumbs alone", shape)
    return fired("there are only thumbs up and down", (shape,), Replace(method="dpo", by="kto"))


def near_identical(facts: Facts) -> Finding:
    """D3: chosen and rejected that are nearly the same move each other's likelihood down (arXiv 2410.08847)."""
    limits = facts.thresholds
    sources = tuple(each for each in _chosen_sources(facts) if usable_pairs(each, facts))
    if not sources or "dpo" not in facts.methods:
        return silent("no pairs are used", gaps_evidence(facts))
    near, count = sum(each.file.near for each in sources), pairs(sources, facts)
    figures = f"{near} of {count} pairs closer than {limits.near_pair_distance:g} in edit distance"
    evidence = (Evidence(source=", ".join(f"`{each.name}`" for each in sources), value=figures),)
    if not near:
        return silent("no pair is nearly the same", *evidence)
    warnings = [_near_warning(each, facts) for each in sources if each.file.near]
    if near / count > limits.near_pair_share:
        loss = {"trainer": {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 1.0]}}
        reason = "many pairs are nearly the same: the sft loss is added"
        return fired(reason, evidence, Configure(method="dpo", settings=loss), *warnings)
    cut = Configure(method="dpo", settings={"min_edit_distance": limits.near_pair_distance})
    return fired("a few pairs are nearly the same: they are filtered", evidence, cut, *warnings)


def _near_warning(source: Source, facts: Facts) -> Warn:
    return Warn(
        code="SEL304",
        message=f"{source.file.near} of {usable_pairs(source, facts)} pairs of `{source.name}` are nearly the same",
        hint="rule D3 filters them, or adds the `sft` loss where they are many; see PLAN.md",
        field=("spec", "data", source.name),
    )


def off_policy(facts: Facts) -> Finding:
    """D4: rejected answers of another model or prompt teach the present policy less."""
    sources = tuple(each for each in _chosen_sources(facts) if each.shape is Shape.BADCASE)
    if not sources or "dpo" not in facts.methods:
        return silent("no logged answers are used", gaps_evidence(facts))
    evidence = (
        *(Evidence(source=f"`model` in `{each.name}`", value=_models(each)) for each in sources),
        *(Evidence(source=f"`prompt_version` in `{each.name}`", value=_versions(each)) for each in sources),
        Evidence(source="spec.model", value=facts.model),
    )
    several = len({version for each in sources for version in each.file.prompt_versions}) > 1
    told = [(each, what) for each in sources if (what := _foreign(each, facts.model, several))]
    if told:
        hint = "collect badcases again with the present model and prompt"
        warnings = [
            Warn(code="SEL303", message=f"`{each.name}`: {what}", hint=hint, field=("spec", "data", each.name))
            for each, what in told
        ]
        return fired(f"off-policy: {told[0][1]}", evidence, *warnings)
    if "sft" in facts.methods or "cot" in facts.methods:
        advice = Advise("after the sft stage, collect badcases again with its model: those at hand are from before it")
        reason = "all answers were logged from the base model, and sft comes before dpo, so they are off-policy for it"
        return fired(reason, evidence, advice)
    return silent("all answers were logged from the model that dpo starts from", *evidence)


def _foreign(source: Source, model: str, several_versions: bool) -> str:
    other = sum(count for name, count in source.file.models if name != model)
    if other:
        return f"{other} of {source.file.rows} answers are not from `{model}`"
    return "answers are of several prompt versions" if several_versions else ""


def _models(source: Source) -> str:
    return ", ".join(f"{name} {count}" for name, count in source.file.models)


def _versions(source: Source) -> str:
    return ", ".join(each or "not given" for each in source.file.prompt_versions) or "none"


def dpo_first(facts: Facts) -> Finding:
    """D12: the gap decides between SFT and DPO; DPO comes before RLHF always."""
    evidence = (gaps_evidence(facts), pairs_evidence(facts), _tried_evidence(facts))
    stages = _first_tried(facts) if GapKind.RULE_CONSTRAINTS in facts.gaps else []
    if stages:
        methods = " and ".join(stage.method for stage in stages)
        return fired(f"{methods} is tried before reinforcement learning", evidence, *stages)
    if GapKind.RULE_CONSTRAINTS in facts.gaps and not TRIED_BEFORE_RL & {*facts.methods}:
        if tried_methods(facts):
            return silent("sft or dpo was tried elsewhere before reinforcement learning", *evidence)
        advice = Advise("write demonstrations or pairs: sft or dpo is tried before reinforcement learning")
        return blocked("neither sft nor dpo can be tried first, for want of data", evidence, advice)
    paired = facts.of(Purpose.PREFERENCES, Shape.PREFERENCE) or facts.of(Purpose.BADCASES)
    if paired and demonstrations(facts) and "dpo" in facts.methods and "sft" not in facts.methods:
        reason = "the gap is preference and there are pairs: dpo on them, not sft on the demonstrations"
        return fired(reason, evidence)
    return silent("nothing has to be decided between sft, dpo and reinforcement learning", *evidence)


def _first_tried(facts: Facts) -> list[AddStage]:
    """What reinforcement learning waits for: what this plan tried already, which it keeps, else dpo, else sft."""
    possible = []
    if has_pairs(facts):
        possible.append(AddStage(method="dpo", sources=names(preference_data(facts))))
    if enough_demonstrations(facts):
        possible.append(AddStage(method="sft", sources=names(demonstrations(facts))))
    own = [stage for stage in possible if stage.method in tried_methods(facts, own=True)]
    if own:
        return [stage for stage in own if stage.method not in facts.methods]
    return [] if tried_methods(facts) or TRIED_BEFORE_RL & {*facts.methods} else possible[:1]


def tried_methods(facts: Facts, *, own: bool = False) -> tuple[str, ...]:
    """Supervised and preference methods whose results are known, from old to new; with `own`, of this plan only."""
    return tuple(each.method for each in facts.results if each.method in TRIED_BEFORE_RL and (each.own or not own))


def _tried_evidence(facts: Facts) -> Evidence:
    return Evidence(source="finished stages", value=", ".join(tried_methods(facts)) or "none")


def _chosen_sources(facts: Facts) -> tuple[Source, ...]:
    """The data sources that something that learns from preferences was chosen for; empty where nothing was."""
    used = {name for stage in facts.chosen if stage.method in ("dpo", "kto", "reward") for name in stage.sources}
    return tuple(each for each in facts.sources if each.name in used)
