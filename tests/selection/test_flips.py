"""What would flip a decision: each flip is true, and one step less, or any smaller change of that figure, is none."""

import os

import pytest
from conftest import ROUNDS, MakeSpec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selection.random_specs import random_inputs

from compiler.pipeline.phases import make_plan
from compiler.selection import select
from compiler.selection.gather import facts_of
from compiler.selection.sensitivity.flips import Flip, flips
from compiler.selection.sensitivity.levers import levers_of
from compiler.spec.inputs import Inputs

SPECS = int(os.environ.get("FLIP_SPECS", "0"))
FEW = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture
def bare(make_spec: MakeSpec) -> Inputs:
    made = make_plan(make_spec(), "specs/shop/spec.yaml").value
    assert made is not None
    return made.inputs


@given(st.data())
@FEW
def test_a_flip_is_true_and_minimal(bare: Inputs, data: st.DataObject) -> None:
    check(data.draw(random_inputs(bare)))


@pytest.mark.skipif(not SPECS, reason="`make flips` checks 1,000 random specs")
@given(st.data())
@settings(FEW, max_examples=SPECS or 1)
def test_a_flip_is_true_and_minimal_on_many_specs(bare: Inputs, data: st.DataObject) -> None:
    check(data.draw(random_inputs(bare)))


def check(inputs: Inputs) -> None:
    found = flips(inputs)
    before = decided(inputs)
    sizes = [each.size for each in found]
    assert sizes == sorted(sizes)
    for each in found:
        after = decided(each.lever.change(inputs, each.value))
        assert after != before
        assert (after[0], after[1]) == (each.after.phase, each.after.methods)
        for smaller in between(each):
            assert decided(each.lever.change(inputs, smaller)) == before, (each.sentence, smaller)
    assert [each.sentence for each in flips(inputs)] == [each.sentence for each in found]


def between(flip: Flip, most: int = 40) -> list[float]:
    """Values that are closer to the present one than the flip: all of them, or else some, the next one among them."""
    lever = flip.lever
    sign = 1 if flip.value > lever.now else -1
    first, last = lever.place_of(lever.beyond(sign * lever.step)), lever.place_of(flip.value)
    places = list(range(first, last, sign))
    kept = places[:: max(1, len(places) // most)] + places[-1:]
    return [lever.value_of(place) for place in kept]


def decided(inputs: Inputs) -> tuple[object, tuple[str, ...]]:
    made = select(facts_of(inputs))
    return made.phase, tuple(each.method for each in made.stages)


def test_the_nearest_flip_comes_first_and_names_its_field_and_file(make_spec: MakeSpec) -> None:
    made = make_plan(make_spec(), "specs/shop/spec.yaml").value
    assert made is not None
    first = flips(made.inputs)[0]
    assert first.sentence == "if `score` of round `v2` rose from 0.310 to 0.320: prompt work instead of SFT → DPO"
    assert first.lever.source == "evidence/prompt-rounds.yaml"


def test_the_gate_of_a_result_follows_its_figures(make_spec: MakeSpec) -> None:
    made = make_plan(make_spec(evidence={"rounds": ROUNDS, "sft": SFT_GAINED}), "specs/shop/spec.yaml").value
    assert made is not None
    (lever,) = [each for each in levers_of(made.inputs) if each.name == "`gain` of `sft`"]
    reports = [lever.change(made.inputs, value).evidence[-1].report for value in (0.2, -0.1)]
    assert [(each.spec.gain.value, each.spec.gate) for each in reports] == [(0.2, "continue"), (-0.1, "no-gain")]  # type: ignore[attr-defined]


SFT_GAINED = f"""\
apiVersion: trainspec.dev/v1
kind: StageResult
metadata: {{source: a test, date: 2026-10-05, digest: {"0123456789abcdef" * 4}}}
spec:
  job: shop-evaluate-sft-0000000000
  order: 3
  method: sft
  model: tiny/1
  evaluation: {"0123456789abcdef" * 4}
  questions: 100
  metrics: [{{name: exact_match, value: 0.5, low: 0.45, high: 0.55}}]
  gain: {{value: 0.1, low: 0.05, high: 0.15}}
  gate: continue
"""
