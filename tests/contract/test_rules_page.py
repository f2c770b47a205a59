"""The table of rules, and the manual page that is generated from it."""

import re
from itertools import pairwise

import pytest

from compiler.explain.docs.rules import named_rules, page, thresholds
from compiler.selection.model import Phase
from compiler.selection.rules import RULES
from compiler.spec.methods import METHODS
from compiler.spec.schema.thresholds import Thresholds
from compiler.spec.schema.types import GapKind

CHINESE = re.compile("[\u4e00-\u9fff]")


def test_every_rule_of_the_method_is_in_the_table_once() -> None:
    wanted = {"DONE", "P0", "T0", "T1"} | {
        f"{family}{n}"
        for family, last in (("C", 2), ("E", 2), ("G", 3), ("M", 7), ("D", 17))
        for n in range(1, last + 1)
    }
    wanted |= {f"P{n}" for n in range(1, 5)}
    assert sorted(rule.id for rule in RULES) == sorted(wanted)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_cites_its_phrase_in_both_languages_or_says_that_it_is_derived(rule) -> None:
    derived = rule.phrase_en.startswith("derived: ")
    assert bool(CHINESE.search(rule.phrase)) != derived
    assert not CHINESE.search(rule.phrase_en)
    assert derived == (rule.id[0] in "DE" or rule.id == "C2"), (
        "the rules of the method quote it, the others are derived"
    )
    assert rule.title
    assert rule.condition
    assert rule.outcome


def test_every_gap_is_answered_by_one_rule() -> None:
    methods = [rule for rule in RULES if rule.id.startswith("M")]
    assert sorted(rule.gap for rule in methods if rule.gap) == sorted(GapKind)


def test_gates_come_before_the_rules_of_their_phases() -> None:
    gates = [rule.gate for rule in RULES]
    assert all(before or not after for before, after in pairwise(gates))
    assert {phase for rule in RULES for phase in rule.evaluated_in} == set(Phase)


def test_rows_of_methods_refer_to_methods_that_rules_choose() -> None:
    chosen = {row.name for row in METHODS.values() if row.chosen_by_rules}
    related = [row for row in METHODS.values() if row.on_policy_before or row.mixed_into]
    assert {name for row in related for name in (row.name, row.on_policy_before, row.mixed_into)} <= {*chosen, ""}


def test_every_threshold_says_which_rule_compares_with_it() -> None:
    for field in Thresholds.model_fields.values():
        assert named_rules(str(field.description)), field.alias
    assert [name for name, _, _ in thresholds("D3")] == ["nearPairDistance", "nearPairShare"]
    assert [name for name, _, _ in thresholds("P0")] == ["minQuestions", "plateauRounds", "plateauMinGain"]


def test_the_page_has_every_rule_with_its_phrase_its_thresholds_and_an_example() -> None:
    text = page()
    sections = dict(re.findall(r"^## (\w+): (.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL))
    assert list(sections) == [rule.id for rule in RULES]
    for rule in RULES:
        section = sections[rule.id]
        assert rule.phrase in section
        assert rule.phrase_en in section
        assert all(f"`{name}`" in section for name, _, _ in thresholds(rule.id))
        example = section.split("```yaml\n")[1].split("```")[0]
        assert example.strip(), rule.id


def test_the_links_of_the_overview_lead_to_headings() -> None:
    text = page()
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    linked = re.findall(r"\]\(#([^)]+)\)", text)
    assert len(linked) == len(RULES)
    assert set(linked) == anchors
