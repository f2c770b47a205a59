"""Predicates of DPO, and of the pairs that it learns from."""

from compiler.selection.facts import Facts, Passing, Source
from compiler.selection.figures import Evidence
from compiler.selection.model import AddStage, Advise, Configure, Finding, Replace, Warn, blocked, fired, silent
from compiler.selection.predicates.data import (
    TRIED_BEFORE_RL,
    demonstrations,
    enough_demonstrations,
    gaps_evidence,
    has_pairs,
    names,
    near_pairs,
    pairs,
    pairs_are_sampled,
    pairs_evidence,
    preference_data,
    rows,
    taken,
    usable_pairs,
    usable_rows,
    without_given_pairs,
)
from compiler.selection.predicates.progress import gained, latest_tried
from compiler.selection.predicates.supervised import base_never_succeeds, said
from compiler.spec.schema.types import GapKind, Purpose, Shape


def preference(facts: Facts) -> Finding:
    """M3: learn a preference gap from data that says which answer is better."""
    sources = preference_data(facts)
    evidence = (gaps_evidence(facts), pairs_evidence(facts))
    if GapKind.PREFERENCE not in facts.gaps:
        return silent("there is no gap `preference`", *evidence)
    if not sources:
        advice = Advise("collect human corrections of badcases: the wrong answer with the right one")
        return blocked("no data source says which of two answers is better", evidence, advice)
    if sources[0].shape is Shape.PREFERENCE and not has_pairs(facts):
        advice = Advise(f"collect pairs until there are {facts.thresholds.min_pairs} whose answers differ")
        return blocked(f"{pairs(sources, facts)} pairs are too few for dpo", evidence, advice)
    if sources[0].shape is Shape.UNPAIRED_PREFERENCE and rows(sources) < facts.thresholds.min_pairs:
        advice = Advise(f"collect marked answers until there are {facts.thresholds.min_pairs}")
        return blocked(f"{rows(sources)} marked answers are too few to learn from", evidence, advice)
    stage = AddStage(method="dpo", sources=names(sources))
    prefer = said(GapKind.PREFERENCE, facts.readings[GapKind.PREFERENCE].reason if measured(facts) else "", facts)
    return fired(f"{prefer}, and there are {_examples(sources, facts)}", evidence, stage)


def measured(facts: Facts) -> bool:
    """Return whether a probe measured the preference gap."""
    return GapKind.PREFERENCE in facts.readings


def _examples(sources: tuple[Source, ...], facts: Facts) -> str:
    if sources[0].shape is Shape.UNPAIRED_PREFERENCE:
        return "answers marked good or bad to learn from"
    if sources[0].shape is Shape.BADCASE and not pairs(sources, facts):
        return "fixes of badcases, but no usable wrong answers (see D1)"
    return "pairs of a better and a worse answer to learn from"


def pairs_from_badcases(facts: Facts) -> Finding:
    """D1: make pairs from badcases, with the fix chosen and the logged answer rejected."""
    sources = _chosen_sources(facts)
    if not sources or sources[0].shape is not Shape.BADCASE:
        return silent("no stage needs pairs from badcases", gaps_evidence(facts))
    needed = facts.thresholds.min_pairs
    evidence = (pairs_evidence(facts), Evidence(source="pairs needed", value=str(needed)))
    if pairs(sources, facts) >= needed:
        learners = [method for method in ("dpo", "reward") if method in facts.methods]
        made = [Configure(method=method, settings={"pairs": "badcase"}) for method in learners]
        return fired("badcases contain both the logged wrong answer and its fix", evidence, *made)
    if facts.attribution.unjoined:
        advice = Advise("label the `kind` or `component` of the badcases, so that only the model's make pairs")
        reason = "nobody can say yet which badcases are the model's, so they make no pairs"
        return blocked(reason, evidence, *without_given_pairs(facts), advice)
    if facts.verifiable and not base_never_succeeds(facts):
        sample = AddStage(method="sample", sources=names(sources), on_policy=True)
        instead = Replace(method="dpo", by="dpo", sources=(), made_by=("sample",))
        reason = "too few badcases have a logged answer, so the plan samples the model and rejects wrong samples"
        makes = Configure(method="sample", settings={"makes": {"preference": True}})
        return fired(reason, evidence, sample, makes, instead)
    return _without_pairs(sources, facts, evidence)


def _without_pairs(sources: tuple[Source, ...], facts: Facts, evidence: tuple[Evidence, ...]) -> Finding:
    """Return SFT on the right answers, where no wrong answers can be had without people."""
    needed, fixes = facts.thresholds.min_demonstrations, usable_rows(sources, facts)
    advice = Advise(
        "for dpo later, sample the model's answers to these prompts, let people judge them, and commit the pairs"
    )
    if not enough_demonstrations(facts) and fixes < needed:
        reason = "too few badcases have a logged answer, and there are too few right answers for sft"
        return blocked(reason, evidence, *without_given_pairs(facts), advice)
    given = sources if fixes >= needed else demonstrations(facts)
    what = f"{fixes:,} fixes" if fixes >= needed else "demonstrations"
    why = "the model never succeeds" if facts.verifiable else "no verifier can make more"
    sampled = pairs_are_sampled(facts)
    first = "before dpo learns from ranked samples" if sampled else "instead of dpo"
    reason = f"the wrong answers are missing and {why}, so sft learns the {what} {first}"
    warning = Warn(
        code="SEL305",
        message=reason,
        hint="log the wrong answer with each badcase",
        field=("spec", "gaps"),
    )
    if sampled:
        stage = AddStage(method="sft", sources=names(given))
        return fired(reason, evidence, stage, *without_given_pairs(facts), warning)
    return fired(reason, evidence, Replace(method="dpo", by="sft", sources=names(given)), warning, advice)


def marked_answers_only(facts: Facts) -> Finding:
    """D2: use KTO where answers are marked one by one, since they are not pairs."""
    sources = _chosen_sources(facts)
    shape = Evidence(source="shape of the preference data", value=sources[0].shape.value if sources else "none")
    if not sources or sources[0].shape is not Shape.UNPAIRED_PREFERENCE:
        return silent("no stage learns from marked answers alone", shape)
    return fired("the only preference data are answers marked good or bad", (shape,), Replace(method="dpo", by="kto"))


def near_identical(facts: Facts) -> Finding:
    """D3: answers that are nearly identical lower each other's likelihood (arXiv 2410.08847)."""
    limits = facts.thresholds
    sources = tuple(each for each in _chosen_sources(facts) if usable_pairs(each, facts))
    if not sources or "dpo" not in facts.methods:
        return silent("no stage learns from pairs", gaps_evidence(facts))
    near, count = sum(near_pairs(each, facts) for each in sources), pairs(sources, facts)
    figures = f"{near} of {count} pairs closer than {limits.near_pair_distance:g} in edit distance"
    evidence = (Evidence(source=", ".join(f"`{each.name}`" for each in sources), value=figures),)
    if not near:
        return silent("no pair has nearly identical answers", *evidence)
    warnings = [_near_warning(each, facts) for each in sources if near_pairs(each, facts)]
    if count - near < limits.min_pairs:
        advice = Advise("collect pairs whose answers differ in what matters, not in a character")
        reason = f"only {count - near} pairs differ enough to learn from, and {limits.min_pairs} are needed"
        return blocked(reason, evidence, *without_given_pairs(facts), advice, *warnings)
    cut: dict[str, object] = {"min_edit_distance": limits.near_pair_distance}
    if near / count > limits.near_pair_share:
        loss = {"trainer": {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 1.0]}}
        reason = "many pairs have nearly identical answers, so the plan filters them, and dpo adds the sft loss"
        return fired(reason, evidence, Configure(method="dpo", settings=cut | loss), *warnings)
    settings = Configure(method="dpo", settings=cut)
    return fired("a few pairs have nearly identical answers, so the plan filters them", evidence, settings, *warnings)


def _near_warning(source: Source, facts: Facts) -> Warn:
    return Warn(
        code="SEL304",
        message=f"{near_pairs(source, facts)} of {usable_pairs(source, facts)} pairs of `{source.name}` "
        "are nearly identical",
        hint="check in PLAN.md whether rule D3 filters them, or adds the `sft` loss where they are many",
        field=("spec", "data", source.name),
    )


def off_policy(facts: Facts) -> Finding:
    """D4: rejected answers of another model or prompt teach the current policy less."""
    sources = tuple(each for each in _chosen_sources(facts) if each.shape is Shape.BADCASE)
    if not sources or "dpo" not in facts.methods:
        return silent("no stage learns from logged answers", gaps_evidence(facts))
    evidence = (
        *(Evidence(source=f"`model` in `{each.name}`", value=_models(each)) for each in sources),
        *(Evidence(source=f"`prompt_version` in `{each.name}`", value=_versions(each)) for each in sources),
        Evidence(source="spec.model", value=facts.model),
    )
    several = len({version for each in sources for version in each.file.prompt_versions}) > 1
    foreign = [(each, reason) for each in sources if (reason := _foreign(each, facts.model, several))]
    if foreign:
        hint = "collect badcases again with the current model and prompt"
        warnings = [
            Warn(code="SEL303", message=f"`{each.name}`: {reason}", hint=hint, field=("spec", "data", each.name))
            for each, reason in foreign
        ]
        return fired(f"the pairs are off-policy: {foreign[0][1]}", evidence, *warnings)
    if "sft" in facts.methods or "cot" in facts.methods:
        advice = Advise("collect badcases again after the sft stage, with its model, for a later dpo")
        reason = "all logged answers come from the base model, so after sft they are off-policy for dpo"
        return fired(reason, evidence, advice)
    return silent("all logged answers come from the model that dpo starts from", *evidence)


def _foreign(source: Source, model: str, several_versions: bool) -> str:
    other = sum(count for name, count in source.file.models if name != model)
    if other:
        return f"{other} of {source.file.rows} answers are not from `{model}`"
    return "the answers come from several prompt versions" if several_versions else ""


def _models(source: Source) -> str:
    return ", ".join(f"{name} {count}" for name, count in source.file.models)


def _versions(source: Source) -> str:
    return ", ".join(each or "not given" for each in source.file.prompt_versions) or "none"


def dpo_first(facts: Facts) -> Finding:
    """D12: the gap decides between SFT and DPO; DPO always comes before RLHF."""
    evidence = (gaps_evidence(facts), pairs_evidence(facts), _tried_evidence(facts))
    again = _still_gaining(facts) if GapKind.RULE_CONSTRAINTS in facts.gaps else None
    if again is not None:
        reason = f"{again.method} still gains, so the plan continues with it before reinforcement learning"
        return fired(reason, evidence, again)
    if GapKind.RULE_CONSTRAINTS in facts.gaps and _dpo_instead(facts):
        stage = AddStage(method="dpo", sources=names(preference_data(facts)))
        return fired("the reward fails its pre-flight, and dpo, which needs none, was not tried", evidence, stage)
    stages = _first_tried(facts) if GapKind.RULE_CONSTRAINTS in facts.gaps else []
    if stages:
        methods = " and ".join(stage.method for stage in stages)
        return fired(f"the plan tries {methods} before reinforcement learning", evidence, *stages)
    if GapKind.RULE_CONSTRAINTS in facts.gaps and not TRIED_BEFORE_RL & {*facts.methods}:
        if tried_methods(facts):
            return silent("sft or dpo has already been tried before reinforcement learning", *evidence)
        advice = Advise("write demonstrations or pairs, so that sft or dpo can be tried before reinforcement learning")
        return blocked("there is too little data to try sft or dpo first", evidence, advice)
    dpo_alone = "dpo" in facts.methods and "sft" not in facts.methods
    if dpo_alone and _seldom_right(facts) and enough_demonstrations(facts):
        shown = (*evidence, *taken(("pass_at1",), facts))
        stage = AddStage(method="sft", sources=names(demonstrations(facts)))
        return fired(
            "the model is seldom right, so sft shows it right answers before dpo learns from pairs", shown, stage
        )
    paired = facts.of(Purpose.PREFERENCES, Shape.PREFERENCE) or facts.of(Purpose.BADCASES)
    if dpo_alone and paired and demonstrations(facts):
        reason = (
            "the gap is `preference` and there are pairs, so dpo learns from them instead of sft from demonstrations"
        )
        return fired(reason, evidence)
    return silent("there is no choice to make between sft, dpo and reinforcement learning", *evidence)


def _seldom_right(facts: Facts) -> bool:
    """Return whether the model itself hardly ever gives the better answer of a pair, and the other is wrong.

    DPO moves likelihood between the answers of a pair, and may lower both where neither is likely (arXiv 2410.08847).
    """
    passed, valid = facts.base_measures.get("pass_at1"), facts.base_measures.get("valid")
    both_valid = valid is not None and valid.low >= facts.thresholds.valid
    return passed is not None and passed.high < facts.thresholds.sometimes and not both_valid


def _dpo_instead(facts: Facts) -> bool:
    """Return whether pairs can teach what a failing reward cannot."""
    fails = any(each.passing is Passing.BLOCKS for each in facts.preflight)
    untried = "dpo" not in {*tried_methods(facts), *facts.methods}
    return fails and untried and bool(tried_methods(facts)) and has_pairs(facts)


def _still_gaining(facts: Facts) -> AddStage | None:
    """Return the stage to continue with, where the latest one ran elsewhere and gained."""
    latest = latest_tried(facts)
    if latest is None or latest.own or latest.method in facts.methods or not gained(latest, facts):
        return None
    if latest.method == "dpo" and has_pairs(facts):
        return AddStage(method="dpo", sources=names(preference_data(facts)))
    if latest.method == "sft" and enough_demonstrations(facts):
        return AddStage(method="sft", sources=names(demonstrations(facts)))
    return None


def _first_tried(facts: Facts) -> list[AddStage]:
    """Return what precedes reinforcement learning: what the plan tried, else dpo, else sft."""
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
    """Return the tried methods with known results, oldest first; `own`: of this plan only."""
    return tuple(each.method for each in facts.results if each.method in TRIED_BEFORE_RL and (each.own or not own))


def _tried_evidence(facts: Facts) -> Evidence:
    return Evidence(source="finished stages", value=", ".join(tried_methods(facts)) or "none")


def _chosen_sources(facts: Facts) -> tuple[Source, ...]:
    """Return the data sources of the chosen methods that learn from preferences."""
    used = {name for stage in facts.chosen if stage.method in ("dpo", "kto", "reward") for name in stage.sources}
    return tuple(each for each in facts.sources if each.name in used)
