"""What would flip a decision: each flip is true, and one step less, or any smaller change of that figure, is none."""

import pytest
from conftest import MakeSpec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selection.random_specs import random_inputs

from compiler.pipeline.phases import make_plan
from compiler.selection import select
from compiler.selection.gather import facts_of
from compiler.selection.sensitivity.flips import Flip, flips
from compiler.spec.inputs import Inputs

FEW = settings(
    max_examples=60,
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


@pytest.mark.slow
@given(st.data())
@settings(FEW, max_examples=1000)
def test_a_flip_is_true_and_minimal_on_a_thousand_specs(bare: Inputs, data: st.DataObject) -> None:
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
