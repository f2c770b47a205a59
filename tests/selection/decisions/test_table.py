"""The decision table holds: every rule fires and does not, and every block gives its reason."""

import pytest
from selection.decisions.case import Case, differences
from selection.decisions.classes import CLASSES, ClassCase
from selection.decisions.gates import WITHOUT_P0
from selection.decisions.readings import READINGS, ReadingCase
from selection.decisions.rewards import REWARDS, RewardCase
from selection.decisions.table import CASES
from selection.decisions.world import HELD_OUT, LIMITS, facts, measure, teacher

from compiler.selection import Status, select
from compiler.selection.reward_verdicts import CHECKS, checks
from compiler.selection.rules import RULES
from compiler.spec.schema.preflight import PreflightBody


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case(case: Case) -> None:
    assert differences(case, select(case.facts)) == []


@pytest.mark.parametrize("case", WITHOUT_P0, ids=lambda case: case.id)
def test_training_waits_for_prompts_even_without_p0(case: Case) -> None:
    assert differences(case, select(case.facts, tuple(rule for rule in RULES if rule.id != "P0"))) == []


@pytest.mark.parametrize("case", READINGS, ids=lambda case: case.id)
def test_a_reading(case: ReadingCase) -> None:
    assert case.holds(LIMITS)


@pytest.mark.parametrize("case", CLASSES, ids=lambda case: case.id)
def test_a_class_of_badcases(case: ClassCase) -> None:
    assert case.holds(LIMITS)


@pytest.mark.parametrize("case", REWARDS, ids=lambda case: case.id)
def test_a_check_of_a_reward(case: RewardCase) -> None:
    assert case.outcome() == case.expected


def test_a_check_that_was_not_made_blocks() -> None:
    assert [(each.name, each.passing, each.figures) for each in checks(PreflightBody())] == [
        (name, "blocks", "not run") for name in CHECKS
    ]
    assert {case.check for case in REWARDS} == set(CHECKS)


def test_names_of_cases_are_unique() -> None:
    names = [case.id for case in CASES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_a_case_of_each_kind(rule) -> None:
    seen = {case.status for case in CASES if case.rule == rule.id}
    # T0 stays silent only where P0 has let no plan pass: see WITHOUT_P0
    assert seen >= ({Status.FIRED} if rule.id == "T0" else {Status.FIRED, Status.SILENT})
    if "blocked" in rule.otherwise and rule.id != "T0":
        assert Status.BLOCKED in seen


def test_the_trace_holds_every_rule_in_the_tables_order_with_a_reason() -> None:
    for case in CASES:
        made = select(case.facts)
        assert [each.rule.id for each in made.trace] == [rule.id for rule in RULES], case.id
        assert all(each.finding.reason for each in made.trace), case.id


# cases that the gates prevent: a plan in the train phase has badcases, whose prompts can be sampled
BEHIND_THE_GATES = (
    ("M3", {"gaps": ["preference"], "sources": (HELD_OUT,)}, "no data source says which of two answers is better"),
    (
        "M6",
        {
            "gaps": ["compression"],
            "sources": (HELD_OUT,),
            "teacher": teacher(),
            "measures": {"teacher_pass_at1": measure(1.0)},
        },
        "no prompts for the teacher",
    ),
)


@pytest.mark.parametrize(("rule", "changes", "reason"), BEHIND_THE_GATES)
def test_what_the_gates_keep_from_happening_is_blocked_too(rule: str, changes: dict, reason: str) -> None:
    finding = next(row for row in RULES if row.id == rule).predicate(facts(**changes))
    assert finding.status is Status.BLOCKED
    assert reason in finding.reason
