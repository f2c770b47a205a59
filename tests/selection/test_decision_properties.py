"""Properties of the decision: total and pure; nothing trains without its evidence; names and orders mean nothing."""

import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import DIGEST, EVIDENCE, SPEC, MakeSpec, badcases, demos, held_out, write_rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from selection.decisions import reinforcement, world
from selection.decisions.case import shown

from compiler.pipeline.phases import make_plan
from compiler.selection import Phase, Selection, Status, select
from compiler.selection.candidates import best, candidates, goal_verdict, guard_verdict, on_test_set
from compiler.selection.facts import Declared, Facts, Goal, Passing
from compiler.selection.figures import ProbeRun, Verdict
from compiler.selection.power import can_clear
from compiler.selection.reward_verdicts import CHECKS
from compiler.selection.rules import RULES
from compiler.spec.schema.types import BadcaseClass, GapKind, Purpose

TRAINERS = {"cpt", "sft", "cot", "latent-cot", "dpo", "kto", "reward", "grpo", "ppo", "distill"}
# the rules that may bring a method into a plan
ALLOWED_BY = {
    "augment": {"G3"},
    "optimize-prompt": {"P0"},
    "probe": {"D11", "M5", "M6"},
    "preflight": {"M5"},
    "teacher": {"M4", "D7", "D8"},
    "sample": {"M4", "D1", "D6"},
    "cpt": {"M1"},
    "sft": {"M1", "M2", "M7", "D17", "M4", "D1", "D7", "D8", "D12"},
    "cot": {"M4"},
    "latent-cot": {"D9"},
    "dpo": {"M3", "D5", "D6", "D12"},
    "kto": {"D2"},
    "reward": {"D5"},
    "grpo": {"M5"},
    "ppo": {"M5"},
    "distill": {"M6"},
}
# what measures comes of a blocked rule, which asks for it; all else comes of rules that fired
MEASURING = {"probe", "preflight"}

COUNTS = st.sampled_from((29, 30, 49, 50, 100))
SCORES = st.sampled_from((0.0, 0.1, 0.3, 0.31, 0.9, 1.0))
LOW_SCORES = st.sampled_from((0.0, 0.1, 0.3, 0.31, 0.31, 0.6, 0.6, 0.9))
ENDS = st.tuples(SCORES, SCORES).map(sorted)
MEASURES = ENDS.map(lambda ends: world.measure(sum(ends) / 2, *ends)) | st.just(world.measure(0.01, 0.0, 0.04))
GAPS = st.sampled_from(list(GapKind))


@st.composite
def labels(draw: st.DrawFn, count: int, *, answered: bool, near: bool) -> list:
    """Labels of badcases; some say that a component or the flow control is at fault."""
    cuts = sorted(draw(st.lists(st.integers(1, count - 1), max_size=2, unique=True)))
    sizes = [end - start for start, end in pairwise([0, *cuts, count])]
    clean = st.just({}) | st.just({"component": "writer"}) | st.just({"kind": "orders"})
    given = [draw(clean | clean | st.fixed_dictionaries({}, optional=LABELS)) for _ in sizes]
    return [
        world.label(rows, answered=rows if answered else 0, near=rows if answered and near else 0, **named)
        for rows, named in zip(sizes, given, strict=True)
    ]


LABELS = {
    "category": st.sampled_from(("flow-control", "undetermined")),
    "kind": st.sampled_from(("orders", "misses", "loops")),
    "component": st.sampled_from(("writer", "retriever", "stage-two")),
}
KINDS = st.lists(
    st.sampled_from(
        (
            world.kind("orders", 30),
            world.kind("misses", 30, component="retriever"),
            world.kind("loops", 30, flow_control=True),
        )
    ),
    max_size=3,
    unique_by=lambda each: each.name,
) | st.just([])


@st.composite
def sources(draw: st.DrawFn) -> tuple:
    count = draw(COUNTS)
    answered, near = draw(st.booleans()), draw(st.booleans())
    made = [
        world.badcases(
            count,
            count if answered else 0,
            near=count if answered and near else 0,
            labels=tuple(draw(labels(count, answered=answered, near=near))),
        ),
        world.demos(draw(COUNTS), judged=draw(st.sampled_from((0, 29, 100)))),
        world.demos(draw(COUNTS), "turns", "messages"),
        world.pairs(draw(COUNTS)),
        world.thumbs(draw(COUNTS)),
        world.chains(draw(COUNTS)),
        world.prompts(draw(COUNTS)),
        world.corpus(draw(st.sampled_from((1, 10_000_000))), volatile=draw(st.booleans())),
        world.general(),
        world.held_out(draw(st.sampled_from((20, 1000, 1000, 1000)))),
    ]
    return tuple(draw(st.permutations([each for each in made if draw(st.booleans()) or each.name == "badcases"])))


STATES = st.sampled_from(list(Passing))
RESULTS = st.lists(
    st.builds(
        world.result,
        st.sampled_from(("", "sft", "cot", "dpo", "kto", "grpo")),
        LOW_SCORES,
        st.none() | MEASURES,
        st.sampled_from(("continue", "no-gain", "worse")),
        st.booleans(),
    ),
    max_size=3,
).map(tuple)
PREFLIGHTS = (
    st.just(())
    | st.just(world.preflight())
    | st.fixed_dictionaries(dict.fromkeys(CHECKS, STATES)).map(
        lambda states: tuple(replace(each, passing=states[each.name]) for each in world.preflight())
    )
)
READINGS = st.dictionaries(GAPS, st.sampled_from(list(Verdict)).map(str).map(world.reading))
PLATEAU = st.just(world.rounds(0.3, 0.3, 0.3))
ROUNDS = PLATEAU | PLATEAU | st.lists(LOW_SCORES, max_size=4).map(lambda scores: world.rounds(*scores))
MEASURED = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("pass_at1", "pass_at16", "control", "teacher_pass_at1"), MEASURES)
) | st.fixed_dictionaries({"pass_at16": MEASURES, "gold_output": MEASURES})
DECODINGS = st.builds(world.decoding, st.sampled_from((0.0, 0.8)), constrained=st.booleans())
PROBES = st.just(()) | st.dictionaries(DECODINGS, MEASURES, max_size=2).map(
    lambda found: tuple(ProbeRun(decoding=how, pass_at1=passed) for how, passed in found.items())
)
LIMITS = (
    st.just(())
    | st.just(())
    | st.lists(
        st.builds(world.limit, st.sampled_from((None, 1.0, 900.0)), cost=st.booleans()),
        max_size=2,
        unique_by=lambda each: each.field,
    ).map(tuple)
)
EVIDENCE_OF = {
    "rounds": ROUNDS,
    "readings": READINGS,
    "recall": st.none() | st.sampled_from(list(Verdict)).map(str).map(world.reading),
    "measures": MEASURED,
    "probes": PROBES,
    "limits": LIMITS,
    "other_rounds": ROUNDS.map(lambda rounds: {"f1": rounds}),
    "chain_cost_ms": st.none() | st.just(500.0),
    "preflight": PREFLIGHTS,
    "results": RESULTS,
    "badcase_groups": st.lists(
        st.sampled_from(list(BadcaseClass)).map(lambda kind: world.group(f"kind-{kind}", kind)), max_size=3, unique=True
    ).map(tuple),
}


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    """Facts of every kind; systems that run and prompts that have plateaued are frequent, since they decide the most."""
    mostly = st.sampled_from((*[True] * 9, False))
    declared = draw(st.lists(GAPS, unique=True))
    owners = [draw(st.sampled_from(("", "li"))) for _ in declared]
    given = draw(sources() if draw(mostly) else st.just(()))
    target = draw(st.sampled_from((0.2, *[0.9] * 7)))
    kinds = draw(KINDS)
    joined = world.reported(*kinds, sources=given) if kinds and given else {"sources": given}
    drawn = {name: draw(strategy) for name, strategy in EVIDENCE_OF.items()}
    return world.facts(
        declared=[Declared(kind=kind, owner=owner) for kind, owner in zip(declared, owners, strict=True)],
        goals=draw(st.sampled_from((GOALS[:1], GOALS[:1], GOALS)))
        if target > 0.5
        else (Goal(name=world.METRIC, target=target),),
        guards=draw(st.sampled_from(((), (), (world.guard(baseline=None), world.guard("general"))))),
        acts_in_steps=draw(st.booleans()),
        decoding=draw(st.none() | DECODINGS),
        runs_end_to_end=draw(mostly),
        full_chain_traces=draw(mostly),
        closed_book=draw(st.booleans()),
        max_latency_ms=draw(st.sampled_from((None, 400, 600))),
        verifiable=draw(mostly),
        overlaps=(world.overlap(prompts=1),) if draw(st.booleans()) else (),
        teacher=draw(st.none() | st.builds(world.teacher, st.sampled_from(("text", "weights")), may=st.booleans())),
        reward=draw(
            st.none() | st.builds(world.reward, st.sampled_from(("verifiable", "subjective")), per_token=st.booleans())
        ),
        **(drawn | joined),
    )


GOALS = (Goal(name=world.METRIC, target=0.9), Goal(name="f1", target=0.5))


def methods(made: Selection) -> set[str]:
    return {each.method for each in made.stages}


def decision(made: Selection) -> object:
    """A decision without its trace, and without the order in which advice and warnings are given."""
    return (
        made.phase,
        made.gaps,
        [shown(each) for each in made.stages],
        made.left_out,
        made.attached,
        sorted(made.advice),
        sorted((each.code, each.message) for each in made.warnings),
    )


MANY = settings(deadline=None, max_examples=200)


@given(any_facts())
@MANY
def test_deciding_is_total_and_pure(facts: Facts) -> None:
    before = repr(facts)
    made = select(facts)
    assert [each.rule.id for each in made.trace] == [rule.id for rule in RULES]
    assert all(each.finding.reason for each in made.trace)
    assert select(facts) == made
    assert repr(facts) == before


@given(any_facts())
@MANY
def test_only_the_train_phase_trains_and_done_renders_nothing(facts: Facts) -> None:
    made = select(facts)
    may = {Phase.DONE: set(), Phase.COLLECT: {"augment"}, Phase.PROMPT: {"optimize-prompt"}}
    assert methods(made) <= may.get(made.phase, methods(made))
    if methods(made) & TRAINERS:
        assert facts.runs_end_to_end
        assert facts.full_chain_traces
        assert facts.plateaued
        assert facts.badcases >= facts.thresholds.min_badcases
        assert facts.attribution.remaining


@given(any_facts())
@MANY
def test_nothing_trains_and_no_prompt_changes_for_faults_of_something_else(facts: Facts) -> None:
    made = select(facts)
    status = {each.rule.id: each.finding.status for each in made.trace}
    if status["C1"] is Status.FIRED:
        assert not methods(made) & (TRAINERS | {"optimize-prompt"})
    if methods(made) & TRAINERS:
        assert all(
            each.share < facts.thresholds.component_share and {*each.labels} <= {*made.left_out}
            for each in facts.attribution.faults
            if each.is_known
        )


@given(any_facts())
@MANY
def test_done_means_that_one_system_meets_every_goal(facts: Facts) -> None:
    made = select(facts)
    if made.phase is not Phase.DONE:
        return
    fitting = [
        each
        for each in candidates(facts)
        if all(goal_verdict(each, goal) is Verdict.PRESENT for goal in facts.goals)
        and all(guard_verdict(each, guard, facts) is Verdict.PRESENT for guard in facts.guards)
    ]
    assert fitting
    assert all(each.measured is not None and each.measured.high <= each.limit for each in facts.limits)


@given(any_facts())
@MANY
def test_no_stage_of_a_result_that_made_the_model_worse_is_in_the_plan(facts: Facts) -> None:
    latest = {each.method: each for each in facts.results if each.method}
    gone = {each.method for each in latest.values() if each.own and each.is_worse}
    made = select(facts)
    assert not methods(made) & gone
    read = {maker for stage in made.stages for maker in stage.made_by}
    assert {"teacher", "sample"} & methods(made) <= read


@given(any_facts())
@MANY
def test_a_test_set_that_shows_nothing_justifies_no_training(facts: Facts) -> None:
    made, now = select(facts), best(facts, on_test_set(facts))
    met = now is not None and goal_verdict(now, facts.goals[0]) is Verdict.PRESENT
    if methods(made) & TRAINERS and not met:
        questions = sum(each.file.rows for each in facts.of(Purpose.EVALUATION)) or facts.rounds[-1].questions
        assert can_clear(questions, facts.target)


@st.composite
def near_reinforcement(draw: st.DrawFn) -> Facts:
    """Facts in which little keeps reinforcement learning away."""
    return reinforcement.world(
        results=draw(RESULTS),
        measures=draw(MEASURED),
        preflight=draw(st.just(world.preflight()) | PREFLIGHTS),
        reward=draw(st.builds(world.reward, st.sampled_from(("verifiable", "subjective")), per_token=st.booleans())),
    )


@given(any_facts() | near_reinforcement())
@MANY
def test_reinforcement_learning_never_comes_without_a_plateau_and_a_passing_reward(facts: Facts) -> None:
    if methods(select(facts)) & {"grpo", "ppo"}:
        tried = [each for each in facts.results if each.method in ("sft", "cot", "dpo", "kto")]
        assert tried
        last = tried[-1]
        assert last.gate == "no-gain" or last.gain.low <= 0 or last.gain.value < 0.02
        assert not last.is_worse
        assert len(facts.preflight) == len(CHECKS)
        assert all(each.passing is not Passing.BLOCKS for each in facts.preflight)
        passed = facts.measures.get("pass_at16")
        shown_by_stage = any(each.method and each.score.low >= 0.05 for each in facts.results)
        assert shown_by_stage or (passed is not None and passed.high >= 0.05)
        assert facts.reward is not None


@given(any_facts())
@MANY
def test_a_reward_model_never_comes_without_a_plateau(facts: Facts) -> None:
    if "reward" in methods(select(facts)):
        assert any(each.method in ("sft", "cot", "dpo", "kto") for each in facts.results)


@given(any_facts())
@MANY
def test_without_evidence_nothing_trains(facts: Facts) -> None:
    bare = replace(
        facts,
        rounds=(),
        other_rounds={},
        readings={},
        recall=None,
        measures={},
        probes=(),
        limits=tuple(replace(each, measured=None) for each in facts.limits),
        chain_cost_ms=None,
        preflight=(),
        results=(),
    )
    made = select(bare)
    assert made.phase in (Phase.COLLECT, Phase.PROMPT)
    assert not methods(made) & TRAINERS


@given(
    any_facts(), st.sampled_from(sorted(EVIDENCE_OF)).flatmap(lambda name: st.tuples(st.just(name), EVIDENCE_OF[name]))
)
@MANY
def test_new_evidence_brings_a_method_only_by_a_rule_that_allows_it(facts: Facts, change: tuple[str, object]) -> None:
    before, after = select(facts), select(replace(facts, **{change[0]: change[1]}))
    status = {each.rule.id: each.finding.status for each in after.trace}
    for stage in after.stages:
        if stage.method in methods(before):
            continue
        allowed = {Status.FIRED, Status.BLOCKED} if stage.method in MEASURING else {Status.FIRED}
        assert any(status[rule] in allowed for rule in ALLOWED_BY[stage.method] & {*stage.rules}), shown(stage)


# neighbours in the table that commute, as `make mutate` finds: no facts show their order
COMMUTE = {
    ("E2", "T1"), ("P3", "P4"), ("P4", "D11"), ("M7", "D17"), ("D17", "M4"), ("D9", "M3"), ("M3", "M5"),
    ("D6", "D7"), ("D7", "M6"), ("D1", "D2"), ("D4", "D10"), ("D10", "D13"), ("D13", "D14"),
}  # fmt: skip


TRAINED = st.tuples(st.sampled_from((0.0, 0.04, 0.3)), st.sampled_from(("continue", "no-gain")))


@given(any_facts(), st.lists(TRAINED, min_size=6, max_size=6))
@MANY
def test_a_finished_stage_stays_as_it_was(facts: Facts, outcomes: list[tuple[float, str]]) -> None:
    """Stages finish one after the other, each with a score far from the target; what is still to come may change.

    A probe measures the trained model after each.
    """
    facts = replace(facts, results=(), goals=(Goal(name=world.METRIC, target=0.95),))
    finished: dict[str, object] = {}
    for score, gate in outcomes:
        stages = {each.method: replace(each, rules=()) for each in select(facts).stages}
        assert {method: stages.get(method) for method in finished} == finished
        pending = [method for method in stages if method in TRAINERS - {"reward"} and method not in finished]
        if not pending:
            break
        finished[pending[0]] = stages[pending[0]]
        gain = world.measure(0.1, 0.05, 0.15) if gate == "continue" else world.measure(0.0, -0.1, 0.1)
        made = (*facts.results, world.result(pending[0], score, gain, gate))
        # a probe of the trained model is the latest, and says nothing of the base model
        facts = replace(facts, results=made, measures={**facts.measures, "pass_at1": world.measure(score)})


@given(any_facts())
@MANY
def test_rules_whose_order_no_case_shows_commute(facts: Facts) -> None:
    made = decision(select(facts))
    for index, (one, other) in enumerate(pairwise(RULES)):
        if (one.id, other.id) in COMMUTE:
            changed = (*RULES[:index], other, one, *RULES[index + 2 :])
            assert decision(select(facts, changed)) == made, (one.id, other.id)


@given(any_facts(), st.randoms(use_true_random=False))
@MANY
def test_the_order_of_gaps_means_nothing(facts: Facts, rng: random.Random) -> None:
    declared, measured = list(facts.declared), list(facts.readings.items())
    rng.shuffle(declared)
    rng.shuffle(measured)
    shuffled = replace(facts, declared=tuple(declared), readings=dict(measured))
    assert decision(select(shuffled)) == decision(select(facts))


@given(st.integers(), st.permutations(["a", "b", "c"]), st.sampled_from(["x", "数据"]))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=40
)
def test_shuffled_keys_and_renamed_files_give_the_same_decision(
    make_spec: MakeSpec, seed: int, names: list[str], folder: str
) -> None:
    rng = random.Random(seed)
    reports = [*EVIDENCE.values(), PROBE, BADCASES]
    plain = _decided(make_spec(evidence={f"e{n}": text for n, text in enumerate(reports)}))
    path = make_spec(evidence=dict(zip(names, (_dumped(text, rng) for text in reports), strict=True)))
    path.write_text(_dumped(SPEC.replace("path: data/", f"path: {folder}/"), rng), encoding="utf-8")
    for name, rows in (("demos", demos()), ("held-out", held_out()), ("badcases", badcases())):
        write_rows(path.parent / folder / f"{name}.jsonl", rows)
    assert _decided(path) == plain


PROBE = f"""\
apiVersion: trainspec.dev/v1
kind: ProbeReport
metadata: {{source: a test, date: 2026-10-02, digest: {"0123456789abcdef" * 4}}}
spec:
  model: tiny/1
  prompts: 100
  samples: 16
  measures:
    passAt16: {{value: 0.8, low: 0.75, high: 0.85}}
    unstableGain: {{value: 0.4, low: 0.35, high: 0.45}}
"""
BADCASES = f"""\
apiVersion: trainspec.dev/v1
kind: BadcaseReport
metadata: {{source: a test, date: 2026-10-03, digest: {"0123456789abcdef" * 4}}}
spec:
  traces: 1000
  kinds:
    - {{name: loops, count: 3, flowControl: true}}
    - {{name: refunds, count: 80}}
"""


def _document(kind: str, body: str, model: str = "") -> str:
    named = f", model: {model}" if model else ""
    return f"""\
apiVersion: trainspec.dev/v1
kind: {kind}
metadata: {{source: a test, date: 2026-11-30, digest: {DIGEST}{named}}}
spec:
{body}"""


BETTER = """\
  metric: exact_match
  rounds:
    - {name: v4, technique: rules, score: 0.97, questions: 1000}
"""
STABLE = """\
  model: MODEL
  prompts: PROMPTS
  samples: 16
  measures:
    passAt1: {value: 0.97, low: 0.95, high: 0.99}
    passAt16: {value: 0.97, low: 0.95, high: 0.99}
    unstableGain: {value: 0.0, low: 0.0, high: 0.01}
"""
LOOPS = """\
  traces: 100
  kinds:
    - {name: loops, count: 90, flowControl: true}
"""
DEPLOYED = """\
  requests: 1000
  latencyMs: {value: 900, low: 890, high: 910}
"""
TRAINED = f"""\
  job: shop-evaluate-sft-0
  order: 3
  method: sft
  model: MODEL
  evaluation: {DIGEST}
  questions: 400
  metrics: [{{name: exact_match, value: 0.97, low: 0.95, high: 0.99}}]
  gate: target-met
"""
# documents that would change the decision, if they said that they measured the spec's model, metric and test set
COUNTS_FOR_NOTHING = {
    "rounds of no model": _document("PromptRounds", BETTER),
    "rounds of another model": _document("PromptRounds", BETTER, "other/1"),
    "rounds of another revision": _document("PromptRounds", BETTER, "tiny/2"),
    "rounds of another metric": _document("PromptRounds", BETTER.replace("exact_match", "f1"), "tiny/1"),
    "a probe of another model": _document("ProbeReport", STABLE.replace("MODEL", "tiny/2").replace("PROMPTS", "100")),
    "a probe of few prompts": _document("ProbeReport", STABLE.replace("MODEL", "tiny/1").replace("PROMPTS", "99")),
    "badcases of another model": _document("BadcaseReport", LOOPS, "other/1"),
    "serving of no model": _document("ServingReport", DEPLOYED),
    "serving of another model": _document("ServingReport", DEPLOYED, "tiny/2"),
    "a stage of another model": _document("StageResult", TRAINED.replace("MODEL", "tiny/2")),
    "a stage on another test set": _document("StageResult", TRAINED.replace("MODEL", "tiny/1")),
}


@pytest.mark.parametrize("document", COUNTS_FOR_NOTHING.values(), ids=COUNTS_FOR_NOTHING)
def test_a_document_of_something_else_changes_nothing(make_spec: MakeSpec, document: str) -> None:
    limit = ("    metrics:\n", "    constraints: {maxLatencyMs: 800}\n    metrics:\n")
    given = EVIDENCE | {"probe": PROBE}
    assert _decided(make_spec(limit, evidence=given | {"other": document})) == _decided(
        make_spec(limit, evidence=given)
    )


def test_such_documents_of_the_spec_change_the_decision(make_spec: MakeSpec) -> None:
    limit = ("    metrics:\n", "    constraints: {maxLatencyMs: 800}\n    metrics:\n")
    plain = _decided(make_spec(limit))
    for kind, body in (("PromptRounds", BETTER), ("BadcaseReport", LOOPS)):
        assert _decided(make_spec(limit, evidence=EVIDENCE | {"other": _document(kind, body, "tiny/1")})) != plain


def _decided(path: Path) -> object:
    made = make_plan(path, "shop/spec.yaml").value
    assert made is not None
    return decision(made.selection), [stage.name for stage in made.stages]


def _dumped(text: str, rng: random.Random) -> str:
    from io import StringIO

    stream = StringIO()
    YAML().dump(_shuffled(YAML(typ="safe").load(text), rng), stream)
    return stream.getvalue()


def _shuffled(value: object, rng: random.Random) -> object:
    if isinstance(value, dict):
        items = list(value.items())
        rng.shuffle(items)
        return {key: _shuffled(inner, rng) for key, inner in items}
    return [_shuffled(inner, rng) for inner in value] if isinstance(value, list) else value
