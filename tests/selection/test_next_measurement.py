"""The measurement to buy next: its outcomes change the decision as it says, and where none is named, none could."""

from conftest import MakeSpec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selection.random_specs import random_inputs

from compiler.pipeline.phases import make_plan
from compiler.selection.gather import facts_of
from compiler.selection.sensitivity.decision import decision_of
from compiler.selection.sensitivity.next_measurement import next_measurement
from compiler.selection.sensitivity.purchases import purchases
from compiler.spec.inputs import Inputs


def inputs_of(make_spec: MakeSpec, *edits: tuple[str, str]) -> Inputs:
    made = make_plan(make_spec(*edits), "specs/shop/spec.yaml").value
    assert made is not None
    return made.inputs


@given(st.data())
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_an_outcome_changes_the_decision_and_no_cheaper_measurement_that_is_asked_for_could(
    make_spec: MakeSpec, data: st.DataObject
) -> None:
    inputs = data.draw(random_inputs(inputs_of(make_spec)))
    facts = facts_of(inputs)
    now, found = decision_of(facts), next_measurement(inputs)
    able = [
        each
        for each in purchases(inputs, facts, now.phase)
        if any(decision_of(facts_of(outcome)) != now for outcome in each.outcomes.values())
    ]
    if found is None:
        assert able == []
        return
    for words, after in found.outcomes:
        assert after == decision_of(facts_of(found.purchase.outcomes[words])) != now
    wanted = [each for each in able if each.is_asked] or able
    assert found.purchase.samples == min(each.samples for each in wanted)


def test_a_declared_gap_that_nobody_measured_is_measured_first_with_its_cost(make_spec: MakeSpec) -> None:
    found = next_measurement(inputs_of(make_spec))
    assert found is not None
    assert found.sentence.startswith("measure `valid` and `win` (100 prompts × 16 samples)")
    assert found.purchase.samples == 1600


def test_too_few_prompt_rounds_are_measured_on_the_questions_of_the_latest(make_spec: MakeSpec) -> None:
    third = "    - {name: v3, technique: few-shot, score: 0.30, questions: 100}\n"
    found = next_measurement(inputs_of(make_spec, (third, "")))
    assert found is not None
    assert found.purchase.what == "measure 1 more prompt round"
    assert found.purchase.cost == "100 questions each"
    assert found.purchase.samples == 100


def test_a_system_that_does_not_run_has_no_measurement_to_buy(make_spec: MakeSpec) -> None:
    assert next_measurement(inputs_of(make_spec, ("runsEndToEnd: true", "runsEndToEnd: false"))) is None
