"""A stage makes the same pre-flight checks that the rules read."""

import shutil
from pathlib import Path

import yaml
from support.command import invoke

from compiler.selection import reward_verdicts as rules
from runtime.contract.preflight import CHECKS, MIN_OUTPUTS
from runtime.contract.preflight import HACKS as NAMES
from runtime.contract.stages import PreflightStage
from runtime.scoring.preflight.probes import HACKS
from runtime.stage.config import parse_stage

SPECS = Path(__file__).resolve().parents[2] / "specs"


def test_the_stage_tries_every_hack_and_makes_every_check_that_the_rules_ask_for() -> None:
    assert tuple(HACKS) == NAMES
    assert [key for key, _ in rules.CHECKS.values()] == list(CHECKS)
    assert len(CHECKS) == 8


def test_a_reward_that_was_not_examined_is_examined_by_a_stage_that_the_runtime_reads(tmp_path: Path) -> None:
    """The spec that ships with GRPO, before its pre-flight: the plan has that alone, on prompts and badcases."""
    shutil.copytree(SPECS / "clusters", tmp_path / "clusters")
    shutil.copytree(SPECS / "till-totals", tmp_path / "till-totals")
    (made,) = (tmp_path / "till-totals" / "evidence").glob("*preflight*.yaml")
    made.unlink()
    assert invoke("compile", str(tmp_path / "till-totals")).exit_code == 0
    (rendered,) = (tmp_path / "till-totals" / "plan").glob("*.config.yaml")
    stage = parse_stage(yaml.safe_load(rendered.read_text(encoding="utf-8"))["data"]["config.yaml"].encode(), "config")
    assert isinstance(stage, PreflightStage)
    assert [(block.path, block.role) for block in stage.data] == [
        ("data/questions.jsonl", None),
        ("data/badcases.jsonl", "badcases"),
    ]
    assert [(reward.use, reward.weight) for reward in stage.rewards] == [("exact_match", 1.0)]
    assert stage.work.prompts * stage.work.samples >= MIN_OUTPUTS
