"""Several gaps at once: the order in which they are named changes nothing, and stages follow the method's order."""

from itertools import combinations, permutations

import pytest
from selection.decisions.case import shown
from selection.decisions.world import (
    badcases,
    chains,
    corpus,
    data,
    demos,
    facts,
    general,
    measure,
    pairs,
    plateau,
    preflight,
    prompts,
    reward,
    teacher,
)

from compiler.selection import Status, select
from compiler.spec.schema.types import GapKind

GAPS = tuple(str(kind) for kind in GapKind)
# CPT → SFT (with CoT data mixed in) → DPO → GRPO/PPO → distillation for deployment
METHOD_ORDER = (
    "cpt",
    "teacher",
    "sft",
    "cot",
    "latent-cot",
    "sample",
    "dpo",
    "kto",
    "reward",
    "grpo",
    "ppo",
    "distill",
)


def rich(gaps, **changes):
    """A world in which every gap can be answered."""
    world = {
        "sources": data(demos(), badcases(), pairs(), chains(), prompts(), corpus(), general()),
        "teacher": teacher("weights"),
        "measures": {"teacher_pass_at1": measure(0.95), "pass_at16": measure(0.8)},
        "reward": reward(),
        "results": (plateau("sft", own=False),),
        "preflight": preflight(),
    }
    return facts(gaps=gaps, **(world | changes))


def decision(made):
    return (made.phase, made.gaps, [shown(each) for each in made.stages], sorted(each.code for each in made.warnings))


def methods(gaps, **changes):
    return [each.method for each in select(rich(gaps, **changes)).stages]


@pytest.mark.parametrize("pair", list(combinations(GAPS, 2)), ids=" ".join)
def test_two_gaps_in_both_orders_give_the_same_decision_with_both_answers(pair: tuple[str, str]) -> None:
    one, other = (select(rich(order)) for order in permutations(pair))
    assert decision(one) == decision(other)
    assert [each.finding for each in one.trace] == [each.finding for each in other.trace]
    answered = {each.rule.gap for each in one.trace if each.rule.gap and each.finding.status is Status.FIRED}
    assert answered == set(pair)


@pytest.mark.parametrize("count", range(1, len(GAPS)))
def test_stages_of_any_gaps_follow_the_methods_order(count: int) -> None:
    for gaps in combinations(GAPS, count):
        found = methods(gaps)
        assert found == sorted(set(found), key=METHOD_ORDER.index), gaps
        assert ("cpt" in found) == ("unknown-domain" in gaps)
        assert ("sft" in found) == bool({"unknown-domain", "unstable", "untaught"} & {*gaps})
        assert ("cot" in found) == ("reasoning" in gaps and "sft" not in found)
        assert ("dpo" in found) == ("preference" in gaps)
        assert ("grpo" in found) == ("rule-constraints" in gaps)
        assert ("distill" in found) == ("compression" in gaps)


@pytest.mark.parametrize(
    ("gaps", "changes", "expected"),
    [
        (GAPS, {}, ["cpt", "sft", "dpo", "grpo", "distill"]),
        (GAPS, {"chain_cost_ms": 9.0, "max_latency_ms": 8}, ["cpt", "sft", "latent-cot", "dpo", "grpo", "distill"]),
        (GAPS, {"reward": reward(per_token=True)}, ["cpt", "sft", "dpo", "ppo", "distill"]),
        (GAPS, {"reward": reward("subjective")}, ["cpt", "sft", "dpo", "reward", "ppo", "distill"]),
        (GAPS, {"teacher": teacher("text")}, ["cpt", "teacher", "sft", "dpo", "grpo"]),
        (GAPS, {"preflight": preflight(repeatability="blocks")}, ["cpt", "sft", "sample", "dpo", "distill"]),
        (("reasoning", "compression"), {}, ["cot", "distill"]),
        (("reasoning", "compression"), {"teacher": teacher("text")}, ["teacher", "sft"]),
    ],
)
def test_pipelines(gaps, changes, expected) -> None:
    assert methods(gaps, **changes) == expected


def test_every_stage_but_the_first_starts_from_the_merged_one_before() -> None:
    assert ["start" in each.settings for each in select(rich(GAPS)).stages] == [False, True, True, True, True]


def test_one_blocked_gap_does_not_hold_up_the_other() -> None:
    made = select(rich(["unstable", "compression"], teacher=None))
    assert [each.method for each in made.stages] == ["sft"]
    assert next(each.finding.status for each in made.trace if each.rule.id == "M6") is Status.BLOCKED
