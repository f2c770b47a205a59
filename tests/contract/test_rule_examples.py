"""The example of each rule fires it, through the whole pipeline."""

from pathlib import Path

import pytest
from conftest import PROFILE

from compiler.explain.rule_examples import EXAMPLES, example_lines, files
from compiler.pipeline.phases import compile_spec, make_plan
from compiler.selection import Status
from compiler.selection.rules import RULES


def write(folder: Path, rule: str) -> Path:
    for name, text in files(rule).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    profile = folder / "specs" / "clusters" / "small.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text(PROFILE, encoding="utf-8")
    return folder / "specs" / "shop" / "spec.yaml"


def test_every_rule_has_an_example() -> None:
    assert [rule.id for rule in RULES] == list(EXAMPLES)


@pytest.mark.parametrize("rule", EXAMPLES)
def test_the_example_fires_its_rule(rule: str, tmp_path: Path) -> None:
    if rule == "D14":  # which stops the plan with an error
        return
    made = make_plan(write(tmp_path, rule), "specs/shop/spec.yaml").value
    assert made is not None
    found = next(each.finding for each in made.selection.trace if each.rule.id == rule)
    assert found.status is Status.FIRED, found.reason


# diagnostics of an example: its rows may not fit its rule, and the runtime may lack its methods
REPORTED = {
    "D11": {"SEL308"},
    "D3": {"SEL304"},
    "D4": {"SEL303"},
    "M1": set(),
    "D10": {"SEL302", "SEL311"},
    "D14": {"CHK210"},
    "D15": {"SEL302"},
    "T1": {"SEL302"},
    "D16": {"SEL313"},
}
REPORTED |= {rule: {"SEL302"} for rule in ("D6", "D7")}


@pytest.mark.parametrize("rule", EXAMPLES)
def test_the_example_compiles_and_reports_nothing_else(rule: str, tmp_path: Path) -> None:
    outcome = compile_spec(write(tmp_path, rule), "specs/shop/spec.yaml")
    assert (outcome.value is None) == (rule == "D14"), outcome.diagnostics
    # the figures of rows and the methods of the runtime are not what the examples are about
    codes = {each.code for each in outcome.diagnostics} - {"PLN407", "PLN408", "PLN421"}
    assert codes == REPORTED.get(rule, set())


def test_an_example_is_shown_whole_under_its_paths() -> None:
    lines = example_lines("M2")
    assert [line for line in lines if line.startswith("# ")] == [
        "# specs/shop/spec.yaml",
        "# specs/shop/evidence/prompt-rounds.yaml",
        "# specs/shop/evidence/probe.yaml",
        "# specs/shop/evidence/card-held-out.yaml",
        "# specs/shop/evidence/card-badcases.yaml",
        "# specs/shop/evidence/card-demos.yaml",
    ]
    assert "    - {kind: unstable}" in lines
    assert example_lines("Z9") == []
