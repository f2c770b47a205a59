"""Predicates of continued pre-training, SFT and reasoning chains."""

from compiler.selection.facts import Facts, Source
from compiler.selection.figures import Evidence, Verdict
from compiler.selection.model import AddStage, Advise, Configure, Finding, Replace, Warn, blocked, fired, silent
from compiler.selection.predicates.data import (
    answered_prompts,
    demonstrations,
    demonstrations_evidence,
    enough_demonstrations,
    gaps_evidence,
    names,
    prompts,
    rows,
    taken,
)
from compiler.selection.predicates.goals import meets_quality
from compiler.spec.methods import METHODS
from compiler.spec.schema.types import GapKind, Purpose, Shape

# stepwise internalisation (arXiv 2405.14838): tokens removed per stage; the optimiser restarts after each removal
CURRICULUM = {"remove_tokens": 8, "epochs_per_removal": 1, "reset_optimizer": True}

TRAINS_POLICY = tuple(each.name for each in METHODS.values() if each.kind == "policy")
BEFORE_DPO = TRAINS_POLICY[: TRAINS_POLICY.index("dpo")]


def unknown_domain(facts: Facts) -> Finding:
    """M1: teach a model that does not know the domain to read it, then teach it the task."""
    corpus = facts.of(Purpose.CORPUS)
    recall = facts.recall.evidence if facts.recall else ()
    evidence = (gaps_evidence(facts), *recall, _corpus_evidence(corpus, facts), demonstrations_evidence(facts))
    if GapKind.UNKNOWN_DOMAIN not in facts.gaps and (not recall_only(facts) or meets_quality(facts)):
        return silent("there is no gap `unknown-domain`", *evidence)
    refusal = _no_pretraining(corpus, facts)
    if refusal:
        return blocked(refusal, evidence, Advise(_instead_of_pretraining(facts)))
    if not enough_demonstrations(facts):
        needed = facts.thresholds.min_demonstrations
        advice = Advise(f"write {needed} demonstrations, to teach the task after the domain")
        return blocked("there are too few demonstrations, and pre-training alone teaches no task", evidence, advice)
    replay = names(facts.of(Purpose.GENERAL, Shape.TEXT))  # general questions serve evaluations
    effects = (
        AddStage(method="cpt", sources=(*names(corpus), *replay)),
        AddStage(method="sft", sources=names(demonstrations(facts))),
    )
    no_replay = Advise("add a data source of purpose `general`, to preserve general skills by replaying it")
    reason = "the model does not know the domain, and there are a corpus and demonstrations to learn from"
    return fired(reason, evidence, *effects, *(() if replay else (no_replay,)))


def _no_pretraining(corpus: tuple[Source, ...], facts: Facts) -> str:
    """Return why continued pre-training does not fit; empty when it does."""
    size, needed = sum(each.file.text_bytes for each in corpus), facts.thresholds.min_corpus_bytes
    if recall_only(facts) and not facts.closed_book:
        return "the model answers well with the passage in its prompt, so retrieval is enough"
    if any(each.volatile for each in corpus):
        return "the corpus changes faster than a model can be retrained"
    if size < needed:
        return f"the corpus is too small for continued pre-training: {size:,} bytes of {needed:,}"
    return ""


def recall_only(facts: Facts) -> bool:
    """Return whether a probe shows that the model uses a passage well but cannot recall it."""
    return facts.recall is not None and facts.recall.verdict is Verdict.PRESENT and not unreadable(facts)


def unreadable(facts: Facts) -> bool:
    """Return whether a probe shows that even the passage does not help the model."""
    domain = facts.readings.get(GapKind.UNKNOWN_DOMAIN)
    return domain is not None and domain.verdict is Verdict.PRESENT


def _instead_of_pretraining(facts: Facts) -> str:
    volatile = any(each.volatile for each in facts.of(Purpose.CORPUS))
    if not unreadable(facts):
        if facts.closed_book and volatile:
            return "pre-train on the part of the corpus that does not change, or allow retrieval in `closedBook`"
        if facts.closed_book:
            return "expand the corpus with synthetic text (EntiGraph, arXiv 2409.07431), then pre-train on it"
        return "use retrieval (RAG): put the passages that a question needs into its prompt"
    if volatile:
        return (
            "retrieval alone does not help either, since the model fails with the passage at hand: put a glossary of "
            "the terms into the prompt, or choose a base model that reads the domain, and measure `openBook` again"
        )
    return "expand the corpus with synthetic text (EntiGraph, arXiv 2409.07431), then pre-train on it"


def _corpus_evidence(corpus: tuple[Source, ...], facts: Facts) -> Evidence:
    shown = [f"`{each.name}` {each.file.text_bytes:,} bytes{', volatile' if each.volatile else ''}" for each in corpus]
    needed = f"{facts.thresholds.min_corpus_bytes:,} bytes needed"
    return Evidence(
        source="data of purpose `corpus`", value="; ".join([*shown, needed]) if shown else f"none, {needed}"
    )


def unstable(facts: Facts) -> Finding:
    """M2: use SFT where the model understands the content but behaves unstably."""
    return _from_demonstrations(GapKind.UNSTABLE, "the model understands the content but behaves unstably", facts)


def untaught(facts: Facts) -> Finding:
    """M7: use SFT where the model is consistent and wrong: it never learnt the task's labels or conventions."""
    observation = "the model answers consistently but not by the task's conventions"
    return _from_demonstrations(GapKind.UNTAUGHT, observation, facts)


def _from_demonstrations(gap: GapKind, observation: str, facts: Facts) -> Finding:
    """Return SFT for a gap that demonstrations close."""
    evidence = (gaps_evidence(facts), demonstrations_evidence(facts))
    if gap not in facts.gaps:
        return silent(f"there is no gap `{gap}`", *evidence)
    return _demonstrated(f"{said(gap, observation, facts)}, and there are demonstrations", evidence, facts)


def unexplained(facts: Facts) -> Finding:
    """D17: use SFT where no gap explains the errors, the model can read the task, and demonstrations show it."""
    evidence = (gaps_evidence(facts), demonstrations_evidence(facts), *taken(("pass_at1", "control"), facts))
    if not fails_without_a_gap(facts):
        return silent("a gap explains the errors, or the probe has not excluded the others", *evidence)
    return _demonstrated("no gap explains the errors, and there are demonstrations of the task", evidence, facts)


def _demonstrated(why: str, evidence: tuple[Evidence, ...], facts: Facts) -> Finding:
    """Return SFT on the demonstrations; blocked where they are too few."""
    if not enough_demonstrations(facts):
        needed = facts.thresholds.min_demonstrations
        advice = Advise(f"use few-shot prompts or augmentation until there are {needed} demonstrations")
        return blocked(f"{rows(demonstrations(facts))} demonstrations are too few for sft", evidence, advice)
    return fired(f"{why} to learn from", evidence, AddStage(method="sft", sources=names(demonstrations(facts))))


def fails_without_a_gap(facts: Facts) -> bool:
    """Return whether the model fails, does well on the control, and no gap or missing fact explains it.

    An undecided `unstable` or `untaught` asks for the same SFT, so only the others must be clear.
    """
    measures, limits = facts.base_measures, facts.thresholds
    if facts.gaps or not {"pass_at1", "control"} <= measures.keys():
        return False
    fails = measures["pass_at1"].high < facts.target and measures["control"].low >= limits.control
    absent = {kind for kind, each in facts.readings.items() if each.verdict is Verdict.ABSENT}
    excluded = {GapKind.UNSTABLE, GapKind.UNTAUGHT} <= facts.readings.keys() and GapKind.REASONING in absent
    reads = GapKind.UNKNOWN_DOMAIN in absent or GapKind.UNKNOWN_DOMAIN not in facts.readings
    recalls = facts.recall is None or facts.recall.verdict is Verdict.ABSENT
    return fails and excluded and reads and recalls


def said(gap: GapKind, observation: str, facts: Facts) -> str:
    """Return an observation as measured, or that the spec declares the gap where nobody measured it."""
    reading = facts.readings.get(gap)
    if reading is not None and reading.verdict is Verdict.PRESENT:
        return observation
    return f"the spec declares gap `{gap}`, which no probe has shown"


def hidden_reasoning(facts: Facts) -> Finding:
    """M4: teach reasoning chains where the chain of thought fails, not the final answer."""
    chains, needed = facts.of(Purpose.CHAINS), facts.thresholds.min_chains
    evidence = (
        gaps_evidence(facts),
        Evidence(source="data of purpose `chains`", value=f"{rows(chains)} rows, {needed} needed"),
        Evidence(source="spec.teacher", value=_teacher(facts)),
        Evidence(source="answers can be checked", value="yes" if facts.verifiable else "no"),
    )
    if GapKind.REASONING not in facts.gaps:
        return silent("there is no gap `reasoning`", *evidence)
    fails = said(GapKind.REASONING, "the model's reasoning fails", facts)
    if rows(chains) >= needed:
        stage = AddStage(method="cot", sources=names(chains))
        return fired(f"{fails}, and there are chains to learn from", evidence, stage)
    if facts.acts_in_steps:
        return _by_steps(facts, fails, evidence)
    queries = names(prompts(facts))
    if facts.teacher and facts.teacher.outputs_may_train and queries:
        reason = f"{fails}, and a teacher can write chains"
        return fired(reason, evidence, *_chains_of("teacher", queries))
    sampled = names(answered_prompts(facts))
    if facts.verifiable and sampled and not base_never_succeeds(facts):
        reason = f"{fails}, and the plan can sample chains and keep those with right answers"
        return fired(reason, evidence, *_chains_of("sample", sampled))
    advice = Advise(
        f"write {needed} chains, name a teacher whose output may be trained on, or use a metric that checks answers"
    )
    return blocked("there are too few chains, and neither a teacher nor sampling can make more", evidence, advice)


def _by_steps(facts: Facts, fails: str, evidence: tuple[Evidence, ...]) -> Finding:
    """Judge the steps of an agent: a right final answer may follow wrong steps, so it chooses no chain."""
    trajectories = demonstrations(facts)
    judged, needed = sum(each.file.judged for each in trajectories), facts.thresholds.min_demonstrations
    shown = (*evidence, Evidence(source="trajectories with judged steps", value=f"{judged} rows, {needed} needed"))
    if judged >= needed:
        stage = AddStage(method="sft", sources=names(trajectories))
        return fired(f"{fails}, and trajectories with judged steps show which turns to learn", shown, stage)
    step = (
        f"mark the wrong steps of {needed} trajectories with `verdict: wrong` or `train: false`, or write "
        f"{facts.thresholds.min_chains} chains: the final answer says nothing about the steps"
    )
    reason = "an agent's chains are judged by their steps, and no steps are judged: a right final answer may be chance"
    return blocked(reason, shown, Advise(step))


def _chains_of(maker: str, sources: tuple[str, ...]) -> tuple[AddStage | Configure, ...]:
    """Return a stage that makes chains, and the one that learns from them."""
    return (
        AddStage(method=maker, sources=sources),
        Configure(method=maker, settings={"makes": {"chain": True}}),
        AddStage(method="cot", made_by=(maker,)),
    )


def _teacher(facts: Facts) -> str:
    if facts.teacher is None:
        return "none"
    may = "may" if facts.teacher.outputs_may_train else "may not"
    return f"{facts.teacher.name}, whose output {may} be trained on"


def base_never_succeeds(facts: Facts) -> bool:
    """Return whether a probe shows that the base model never succeeds, even in many tries (D7).

    The first stages depend on it, so finished stages do not change it.
    """
    passed = facts.base_measures.get("pass_at16")
    return passed is not None and passed.high < facts.thresholds.near_zero_pass


def never_succeeds(facts: Facts, methods: tuple[str, ...] = TRAINS_POLICY) -> bool:
    """Return whether the policy never succeeds, by the probe and stages of `methods`."""
    passed, limit = facts.measures.get("pass_at16"), facts.thresholds.near_zero_pass
    return passed is not None and passed.high < limit and not succeeds_after_training(facts, methods)


def succeeds_after_training(facts: Facts, methods: tuple[str, ...] = TRAINS_POLICY) -> bool:
    """Return whether a finished stage answers enough right for its samples to earn rewards."""
    limit = facts.thresholds.near_zero_pass
    return any(each.method in methods and each.score.low >= limit for each in facts.results)


def latent_chain(facts: Facts) -> Finding:
    """D9: internalise a chain step by step where the latency budget forbids its tokens."""
    cost, budget = facts.chain_cost_ms, facts.max_latency_ms
    evidence = (
        Evidence(
            source="time of a chain", value="not measured" if cost is None else f"{cost:,.0f} ms (95th percentile)"
        ),
        Evidence(source="spec.goal.constraints.maxLatencyMs", value="none" if budget is None else f"{budget:,} ms"),
    )
    if "cot" not in facts.methods:
        return silent("no stage trains chains", *evidence)
    if cost is None or budget is None:
        return silent("the time of a chain or the latency budget is unknown", *evidence)
    if cost <= budget:
        return silent("a chain fits into the latency budget", *evidence)
    settings = Configure(method="latent-cot", settings={"curriculum": CURRICULUM})
    reason = "the tokens of a chain alone exceed the latency budget"
    return fired(reason, evidence, Replace(method="cot", by="latent-cot"), settings)


def facts_by_sft_alone(facts: Facts) -> Finding:
    """D10: teaching new facts by SFT alone raises hallucination (arXiv 2405.05904)."""
    unknown = GapKind.UNKNOWN_DOMAIN in facts.gaps
    recall = facts.recall is not None and facts.recall.verdict is Verdict.PRESENT
    evidence = (gaps_evidence(facts), Evidence(source="stages so far", value=", ".join(facts.methods) or "none"))
    if not (unknown or recall) or "sft" not in facts.methods or "cpt" in facts.methods:
        return silent("no stage teaches facts by sft alone", *evidence)
    warning = Warn(
        code="SEL311",
        message="sft alone would teach facts that the model does not know, which raises hallucination",
        hint="put the facts into the prompt by retrieval, or pre-train on the corpus first",
        field=("spec", "gaps"),
    )
    return fired("the model lacks facts, and sft alone would teach them", evidence, warning)
