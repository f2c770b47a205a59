"""Every metric and guard of the goal in the configs of evaluations, in `PLAN.md`, and in the warnings."""

from pathlib import Path
from typing import Any

import pytest
from conftest import MakeSpec, write_rows
from support.command import invoke

from compiler.diagnostics import Diagnostic
from compiler.pipeline.phases import make_plan
from runtime.contract.read import read_stage

SECOND = ("        target: 0.9\n", "        target: 0.9\n      - name: token_f1\n        target: 0.8\n")
UNKNOWN = (
    "        target: 0.9\n",
    "        target: 0.9\n      - name: helpfulness\n        use: people\n        target: 0.8\n",
)
GENERAL = (
    "  gaps:\n",
    "    - name: general\n      purpose: general\n      shape: text\n      path: data/general.jsonl\n  gaps:\n",
)


def guarded(*guards: str) -> tuple[str, str]:
    lines = "".join(f"      - {{{guard}}}\n" for guard in guards)
    return ("  system:\n", f"    mustNotFall:\n{lines}  system:\n")


def decoded(text: str) -> tuple[str, str]:
    return ("  gaps:\n", f"  decoding: {{{text}}}\n  gaps:\n")


def made(path: Path) -> tuple[dict[str, Any], list[Diagnostic]]:
    outcome = make_plan(path, "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    found = [each for each in outcome.diagnostics if each.code in ("PLN411", "PLN412")]
    return {stage.name: stage.config for stage in outcome.value.stages}, found


def review(path: Path) -> str:
    assert invoke("compile", str(path)).exit_code == 0
    return " ".join((path.parent / "plan" / "PLAN.md").read_text(encoding="utf-8").split())


def test_all_metrics_are_measured_and_have_their_targets(make_spec: MakeSpec) -> None:
    path = make_spec(SECOND)
    stages, found = made(path)
    assert found == []
    for name in ("evaluate-base", "evaluate-sft", "evaluate-dpo"):
        assert stages[name]["metrics"] == [{"name": "exact_match"}, {"name": "token_f1"}]
        gate = stages[name]["gate"]
        assert (gate["metric"], gate["target"]) == ("exact_match", 0.9)
        assert gate["others"] == [{"metric": "token_f1", "target": 0.8}]
    text = review(path)
    assert "the whole interval of `exact_match` lies above 0.9 and that of `token_f1` above 0.8" in text
    assert "once `exact_match` has reached its target, a gain of another metric passes as well" in text
    for name, config in stages.items():
        read_stage(dict(config), name)  # raises if the runtime does not read it


def test_one_metric_leaves_the_names_of_jobs_as_they_were(make_spec: MakeSpec) -> None:
    stages, _ = made(make_spec())
    assert stages["evaluate-base"]["gate"] == {"metric": "exact_match", "target": 0.9, "baseline": None}
    assert stages["evaluate-base"]["generation"] == {"max_new_tokens": 64, "batch_size": 16}


def test_guards_are_measured_and_compared_with_the_base_model(make_spec: MakeSpec) -> None:
    path = make_spec(guarded("name: token_f1, margin: 0.05", "name: exact_match, baseline: 0.4"))
    stages, found = made(path)
    assert found == []
    base = stages["evaluate-base"]
    assert base["metrics"] == [{"name": "exact_match"}, {"name": "token_f1"}]
    assert "guards" not in base["gate"]
    for name in ("evaluate-sft", "evaluate-dpo"):  # each with the base, so that small losses cannot add up
        assert stages[name]["gate"]["guards"] == [
            {"metric": "token_f1", "margin": 0.05, "baseline": base["output"]},
            {"metric": "exact_match", "margin": 0.02, "value": 0.4},
        ]
    assert stages["evaluate-dpo"]["gate"]["baseline"] == stages["evaluate-sft"]["output"]
    text = review(path)
    assert "leaves `token_f1` more than 0.05 below that of the base model, beyond noise" in text
    assert "leaves `exact_match` more than 0.02 below 0.4, its value before the change, beyond noise" in text
    for name, config in stages.items():
        read_stage(dict(config), name)  # raises if the runtime does not read it


def test_a_guard_of_general_ability_needs_general_rows(make_spec: MakeSpec) -> None:
    guard = guarded("name: general, margin: 0.1")
    stages, (found,) = made(make_spec(guard))
    assert "guards" not in stages["evaluate-sft"]["gate"]
    assert (found.code, "`general`" in found.message, "purpose `general`" in (found.hint or "")) == (
        "PLN411",
        True,
        True,
    )
    path = make_spec(guard, GENERAL)
    write_rows(path.parent / "data" / "general.jsonl", [{"text": f"general text, number {i}"} for i in range(30)])
    stages, nothing = made(path)
    assert nothing == []
    assert [each["metric"] for each in stages["evaluate-sft"]["gate"]["guards"]] == ["general"]
    text = review(path)
    assert "leaves general ability more than 0.1 below that of the base model" in text
    assert "more than 0.02 of the answers to general questions" not in text


def test_a_goal_that_no_job_measures_is_left_out_and_said(make_spec: MakeSpec) -> None:
    path = make_spec(UNKNOWN, guarded("name: tone, use: people"))
    stages, found = made(path)
    assert stages["evaluate-sft"]["metrics"] == [{"name": "exact_match"}]
    assert stages["evaluate-sft"]["gate"]["unmeasured"] == ["helpfulness"]
    assert [(each.code, each.severity) for each in found] == [("PLN411", "warning")] * 2
    assert [each.message.split("`")[1] for each in found] == ["helpfulness", "tone"]
    text = review(path)
    assert "no evaluation Job measures `helpfulness`, so no gate can find that the target is met" in text


def test_a_first_metric_that_no_job_measures_is_refused(make_spec: MakeSpec) -> None:
    edit = ("      - name: exact_match\n", "      - name: helpfulness\n        use: people\n")
    outcome = make_plan(make_spec(edit, ("metric: exact_match", "metric: helpfulness")), "spec.yaml")
    assert [each.code for each in outcome.diagnostics if each.code.startswith("PLN")] == ["PLN401"]


def test_evaluations_decode_as_the_deployed_system_does(make_spec: MakeSpec) -> None:
    stages, found = made(make_spec(decoded("temperature: 0.3")))
    assert found == []
    assert stages["evaluate-sft"]["generation"]["temperature"] == 0.3
    greedy, _ = made(make_spec(decoded("temperature: 0.0")))
    assert "temperature" not in greedy["evaluate-sft"]["generation"]


@pytest.mark.parametrize(("text", "codes"), [("constrained: true", ["PLN412"]), ("constrained: false", [])])
def test_jobs_do_not_constrain_their_answers(make_spec: MakeSpec, text: str, codes: list[str]) -> None:
    _, found = made(make_spec(decoded(text)))
    assert [each.code for each in found] == codes
