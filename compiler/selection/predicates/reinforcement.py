"""Predicates of reinforcement learning.

It is the last of all methods, and needs a reward that passed its pre-flight.
"""

from compiler.selection.facts import Facts, Passing
from compiler.selection.figures import Evidence, Verdict
from compiler.selection.model import AddStage, Advise, Configure, Effect, Finding, Warn, blocked, fired, silent
from compiler.selection.predicates.data import (
    answered_prompts,
    demonstrations,
    enough_demonstrations,
    gaps_evidence,
    has_pairs,
    names,
    pairs_evidence,
    preference_data,
    prompts,
    usable_rows,
)
from compiler.selection.predicates.gaps import probe
from compiler.selection.predicates.progress import latest_tried, made_worse, plateaued, shown
from compiler.selection.predicates.supervised import (
    BEFORE_DPO,
    base_never_succeeds,
    never_succeeds,
    succeeds_after_training,
)
from compiler.selection.reward_verdicts import AGREEMENT, NOT_RUN, REPEATABILITY
from compiler.spec.schema.types import GapKind


def rule_constraints(facts: Facts) -> Finding:
    """M5: use reinforcement learning for strict rules, once SFT or DPO has plateaued."""
    evidence = (
        gaps_evidence(facts),
        Evidence(source="spec.reward", value=_reward(facts)),
        Evidence(source="latest sft or dpo result", value=shown(latest_tried(facts))),
        _passed_evidence(facts),
        *preflight_evidence(facts),
    )
    if GapKind.RULE_CONSTRAINTS not in facts.gaps:
        return silent("there is no gap `rule-constraints`", *evidence[:1])
    refusal = _refusal(facts)
    if refusal:
        reason, effects = refusal
        return blocked(reason, evidence, *effects)
    assert facts.reward is not None  # `_refusal` ensures it  # noqa: S101
    learned = facts.reward.kind == "subjective"
    method = "ppo" if learned or facts.reward.per_token_credit else "grpo"
    stage = AddStage(method=method, sources=names(prompts(facts)))
    by_code = "parts of an answer need credit" if method == "ppo" else "code computes the reward"
    why = "the reward is learnt" if learned else by_code
    latest = latest_tried(facts)
    passed = f"{latest.method if latest else 'sft'} has plateaued, and the reward passed its pre-flight"
    return fired(f"{passed}; the method is {method}, because {why}", evidence, stage, *_warnings_of_preflight(facts))


def _refusal(facts: Facts) -> tuple[str, tuple[Effect, ...]] | None:
    """Return the cheapest obstacle to reinforcement learning, and the step that removes it."""
    latest, limits = latest_tried(facts), facts.thresholds
    if facts.reward is None:
        return "no reward is defined", (Advise("define `spec.reward`: how an answer is scored, and by which code"),)
    if latest is None:
        advice = Advise("run and evaluate sft or dpo first, and commit the result as evidence")
        return "neither sft nor dpo has been tried", (advice,)
    if made_worse(latest, facts):
        advice = Advise(f"correct the data of {latest.method}, and run it again")
        return f"`{latest.job}` made the model worse, which is no plateau", (advice,)
    if not plateaued(latest, facts):
        advice = Advise(f"collect the badcases that {latest.method} leaves, and train on them with {latest.method}")
        return f"`{latest.job}` still gains", (advice,)
    if usable_rows(prompts(facts), facts) < limits.min_prompts:
        advice = Advise("add a data source of purpose `prompts`")
        return f"there are fewer than {limits.min_prompts} prompts to learn from", (advice,)
    if "pass_at16" not in facts.measures and not succeeds_after_training(facts):
        advice = Advise("run the probe on the current policy, and commit its report as evidence")
        return "no probe has measured whether the policy ever succeeds", (*probe(facts, on_policy=True), advice)
    if never_succeeds(facts):
        return "the policy never succeeds, so there is nothing to reinforce", ()
    spread = facts.readings.get(GapKind.RULE_CONSTRAINTS)
    if spread is not None and spread.verdict is Verdict.ABSENT:
        advice = Advise("choose prompts that are neither too easy nor too hard, or teach the policy first")
        return "too few prompts have both right and wrong samples, so the reward gives no signal", (advice,)
    if not facts.preflight:
        return "the reward has had no pre-flight", _examination(facts)
    failing = [each for each in facts.preflight if each.passing is Passing.BLOCKS]
    if failing:
        shown = "; ".join(f"{each.name} ({each.figures})" for each in failing)
        return f"the reward fails its pre-flight: {shown}", (Advise("fix the reward, then run its pre-flight again"),)
    return None


def _examination(facts: Facts) -> tuple[Effect, ...]:
    """Return the pre-flight: a Job where code computes the reward, else people's judgement."""
    if facts.reward is not None and facts.reward.kind == "subjective":
        how = "score held-out pairs with a reward model, compare it with people, and commit the report as evidence"
        return (Advise(how),)
    examine = AddStage(method="preflight", sources=names(prompts(facts)), on_policy=True)
    return (examine, Advise("run the pre-flight of the reward before optimising it, and commit its report as evidence"))


def _passed_evidence(facts: Facts) -> Evidence:
    return Evidence(source="pass@16 of the policy", value=str(facts.measures.get("pass_at16") or "not measured"))


def _reward(facts: Facts) -> str:
    if facts.reward is None:
        return "none"
    return f"{facts.reward.kind}{', credit for parts of an answer' if facts.reward.per_token_credit else ''}"


def _check_evidence(facts: Facts, name: str) -> tuple[Evidence, ...]:
    """Return the evidence of one of the eight checks; without a report, that there is none."""
    made = [each for each in preflight_evidence(facts) if each.source.endswith(name)]
    return tuple(made) or preflight_evidence(facts)[:1]


def preflight_evidence(facts: Facts) -> tuple[Evidence, ...]:
    """Return the eight checks, one piece of evidence each."""
    checks = tuple(
        Evidence(source=f"pre-flight: {each.name}", value=f"{each.passing}, {each.figures}") for each in facts.preflight
    )
    return checks or (Evidence(source="evidence of kind `RewardPreflight`", value="none"),)


def _warnings_of_preflight(facts: Facts) -> list[Warn]:
    return [
        Warn(
            code="SEL312",
            message=f"the reward's {each.name} is weak: {each.figures}",
            hint="watch it during training, or fix the reward first",
            field=("spec", "reward"),
        )
        for each in facts.preflight
        if each.passing is Passing.WARNS
    ]


def subjective_reward(facts: Facts) -> Finding:
    """D5: learn a subjective reward from pairs if it agrees with people, else use DPO."""
    agrees = any(each.name == AGREEMENT and each.passing is not Passing.BLOCKS for each in facts.preflight)
    examined = _check_evidence(facts, AGREEMENT)
    evidence = (Evidence(source="spec.reward", value=_reward(facts)), pairs_evidence(facts), *examined)
    if GapKind.RULE_CONSTRAINTS not in facts.gaps or facts.reward is None or facts.reward.kind != "subjective":
        return silent("no reward is subjective", *evidence[:1])
    if not has_pairs(facts):
        advice = Advise("collect pairs: have people choose the better of two answers")
        return blocked("there are too few pairs for a reward model", evidence, advice)
    sources = names(preference_data(facts))
    learn = AddStage(method="reward", sources=sources)
    if agrees and "ppo" in facts.methods:
        return fired("the reward agrees with people, so a reward model learns it from the pairs", evidence, learn)
    latest = latest_tried(facts)
    if not facts.preflight and latest is not None and plateaued(latest, facts):
        reason = f"{latest.method} has plateaued, so a reward model learns from the pairs, to be compared with people"
        return fired(reason, evidence, learn)
    disagrees = "the reward does not agree with people" if facts.preflight else "no reward was compared with people"
    reason = "reinforcement learning is blocked" if agrees else disagrees
    return fired(f"{reason}, so dpo learns from the pairs directly", evidence, AddStage(method="dpo", sources=sources))


def unstable_reward(facts: Facts) -> Finding:
    """D6: use DPO on ranked samples where the reward scores the same answer differently."""
    unstable = [each for each in facts.preflight if each.name == REPEATABILITY and each.passing is Passing.BLOCKS]
    evidence = _check_evidence(facts, REPEATABILITY)
    if GapKind.RULE_CONSTRAINTS not in facts.gaps or not unstable or unstable[0].figures == NOT_RUN:
        return silent("no reward is known to be unstable", *evidence[:1])
    sampled = names(answered_prompts(facts))
    if never_succeeds(facts, BEFORE_DPO):  # the result of dpo itself comes too late to choose its pairs
        advice = Advise("teach the policy first, so that some of its samples are right")
        return blocked("the reward is unstable, and the policy has no right samples to rank", evidence, advice)
    if not facts.verifiable or not sampled:
        advice = Advise("make the reward repeatable: the same answer must get the same score")
        return blocked("the reward is unstable, and no verifier can rank samples instead", evidence, advice)
    stages = (
        AddStage(method="sample", sources=sampled, on_policy=True),
        Configure(method="sample", settings={"makes": {"preference": True}}),
        AddStage(method="dpo", made_by=("sample",)),
    )
    return fired("the reward is unstable, so dpo learns from samples that the verifier ranks", evidence, *stages)


def policy_without_success(facts: Facts) -> Finding:
    """D7: teach a policy that never succeeds, which neither rewards nor pairs can (arXiv 2504.13837)."""
    evidence = (gaps_evidence(facts), _passed_evidence(facts))
    learns_pairs = not {"dpo", "kto"}.isdisjoint(facts.methods)
    if not (GapKind.RULE_CONSTRAINTS in facts.gaps or learns_pairs) or not base_never_succeeds(facts):
        return silent("the base model is not known to always fail", *evidence)
    later = "reinforcement learning" if GapKind.RULE_CONSTRAINTS in facts.gaps else "pairs"
    if enough_demonstrations(facts):
        stage = AddStage(method="sft", sources=names(demonstrations(facts)))
        return fired(f"the base model never succeeds, so sft comes before {later}", evidence, stage)
    queries = names(prompts(facts))
    if facts.teacher and facts.teacher.outputs_may_train and queries:
        stages = (
            AddStage(method="teacher", sources=queries),
            Configure(method="teacher", settings={"makes": {"prompt-completion": True}}),
            AddStage(method="sft", made_by=("teacher",)),
        )
        return fired("the base model never succeeds, so it learns a teacher's answers first", evidence, *stages)
    advice = Advise("write demonstrations, or name a teacher whose output may be trained on in `spec.teacher`")
    return blocked("the base model never succeeds, and there is nothing to teach it with", evidence, advice)
