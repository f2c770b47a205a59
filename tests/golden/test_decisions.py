"""What the shipped specs are answered: a phase, methods and rules for each, in `decisions.yaml`.

`--update-golden` rewrites the table; a difference in it is a changed decision, and is reviewed as one.
"""

from pathlib import Path

import pytest
import yaml

from compiler.pipeline.phases import make_plan
from compiler.plan.model import Plan
from compiler.run.collect import COMMENT
from compiler.selection.model import Status
from compiler.spec.discover import discover

TABLE = Path(__file__).parent / "decisions.yaml"
SPECS = Path(__file__).parent.parent.parent / "specs"
MARKS = ("illustrative figures", "数字不是实测")
HEADER = "# what each spec of `specs/` is answered; rewritten by `make golden`, reviewed like code\n"


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    made = {spec.path.parent.name: make_plan(spec.path, spec.shown) for spec in discover([SPECS])[0]}
    assert not [name for name, outcome in made.items() if outcome.value is None]
    return {name: outcome.value for name, outcome in made.items()}


def decision(plan: Plan) -> dict[str, object]:
    trace = plan.selection.trace
    lists = {
        "methods": [choice.method for choice in plan.selection.stages],
        "fired": [each.rule.id for each in trace if each.finding.status is Status.FIRED],
        "blocked": [each.rule.id for each in trace if each.finding.status is Status.BLOCKED],
        "finished": [stage.name for stage in plan.stages if stage.result],
    }
    return {"phase": plan.selection.phase.value} | {name: found for name, found in lists.items() if found}


def text_of(decisions: dict[str, dict[str, object]]) -> str:
    return HEADER + yaml.safe_dump(decisions, default_flow_style=None, sort_keys=False, width=120)


def test_every_shipped_spec_is_decided_as_the_table_says(plans: dict[str, Plan], update_golden: bool) -> None:
    found = {name: decision(plan) for name, plan in plans.items()}
    if update_golden:
        TABLE.write_text(text_of(found), encoding="utf-8")
    assert yaml.safe_load(TABLE.read_text(encoding="utf-8")) == found


@pytest.mark.parametrize(
    ("phase", "pipeline"),
    [
        ("train", ["sft"]),
        ("train", ["cpt", "sft"]),
        ("train", ["dpo"]),
        ("train", ["kto"]),
        ("train", ["cot"]),
        ("train", ["latent-cot"]),
        ("train", ["sft", "dpo", "grpo"]),
        ("train", ["sft", "ppo"]),
        ("train", ["dpo", "reward", "ppo"]),
        ("train", ["sample", "dpo"]),
        ("train", ["teacher", "sft"]),
        ("train", ["distill"]),
        ("train", ["cpt", "sft", "dpo"]),
        ("train", []),
        ("collect", []),
        ("collect", ["augment"]),
        ("prompt", ["optimize-prompt"]),
        ("done", []),
    ],
)
def test_every_answer_has_a_spec(plans: dict[str, Plan], phase: str, pipeline: list[str]) -> None:
    answers = [(plan.selection.phase, [each.method for each in plan.selection.stages]) for plan in plans.values()]
    assert (phase, pipeline) in answers


@pytest.mark.parametrize("rule", ["P1", "P2", "P3", "P4"])
def test_every_prompt_technique_leads_in_a_spec(plans: dict[str, Plan], rule: str) -> None:
    """A team that needs this one finds a spec in which it is not lost among the others."""
    prompt = [decision(plan)["fired"] for plan in plans.values() if plan.selection.phase == "prompt"]
    assert any(rule in fired and len({"P1", "P2", "P3"} & {*fired} - {rule}) <= (rule == "P4") for fired in prompt)


def test_blocked_reinforcement_learning_falls_back(plans: dict[str, Plan]) -> None:
    fallbacks = {
        rule: [choice.method for choice in plan.selection.stages]
        for plan in plans.values()
        for rule in ("D5", "D6", "D7")
        if "M5" in decision(plan).get("blocked", []) and rule in decision(plan)["fired"]
    }
    assert fallbacks == {"D5": ["dpo"], "D6": ["sample", "dpo"], "D7": ["sft"]}


COMMANDS = ("trainspec data", "trainspec-runtime judge-agreement")  # which measure what they write


def test_figures_that_nobody_measured_say_so(plans: dict[str, Plan]) -> None:
    """`nl2sql` was measured; `trainspec data` and Jobs measure, and so do scripts beside a spec; else it is made up."""
    silent = [
        file.shown
        for name, plan in plans.items()
        for file in plan.inputs.evidence
        if name != "nl2sql" and file.report.metadata.source not in COMMANDS
        if not (SPECS.parent / file.report.metadata.source).is_file()
        if not (SPECS / name / file.shown).read_text(encoding="utf-8").startswith(f"# {COMMENT}")
        if not any(mark in (file.report.metadata.note or "") for mark in MARKS)
    ]
    assert not silent


def test_a_shipped_folder_stays_small() -> None:
    sizes = {
        folder.name: sum(
            path.stat().st_size for path in folder.rglob("*") if path.is_file() and "plan" not in path.parts
        )
        for folder in SPECS.iterdir()
        if folder.is_dir() and folder.name not in ("nl2sql", "schema")
    }
    assert {name: size for name, size in sizes.items() if size > 300_000} == {}
