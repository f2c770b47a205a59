"""The pre-flight that a stage makes and the one that the rules read: the same checks, and the same limits."""

import shutil
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.command import invoke

from compiler.selection import reward_verdicts as rules
from compiler.spec.schema.preflight import PreflightBody
from runtime.contract.read import parse_stage
from runtime.contract.stages import PreflightStage
from runtime.scoring.preflight import table
from runtime.scoring.preflight.probes import HACKS
from runtime.scoring.preflight.table import CHECKS, verdict_of

SPECS = Path(__file__).resolve().parents[2] / "specs"
AROUND = (0.0, 0.59, 0.6, 0.79, 0.8, 0.89, 0.9, 0.94, 0.95, 1.0)
FIGURES: dict[str, list[Any]] = {
    "contract": [{"cases": 9, "failures": failures} for failures in (0, 1, 9)],
    "repeatability": [{"scorer": "code", "rows": 40, "flips": flips} for flips in (0, 1, 2, 3)],
    "discrimination": [
        {"pairs": pairs, "auc": auc, "pairedWin": win} for pairs, auc, win in product((49, 50, 51), AROUND, AROUND)
    ],
    "humanAgreement": [
        {"positives": positives, "negatives": negatives, "tpr": tpr, "tnr": tnr}
        for positives, negatives, tpr, tnr in product((29, 30), (29, 30), AROUND, AROUND)
    ],
    "alignment": [
        {"outputs": outputs, "spearman": spearman} for outputs, spearman in product((49, 50), (*AROUND, -0.9))
    ],
    "hackResistance": [
        [{"probe": name, "shareOfMaximum": share if name == worst else 0.1} for name in HACKS]
        for worst, share in product(HACKS, (0.0, 0.49, 0.5, 0.51, 1.0))
    ],
    "signal": [{"prompts": 50, "samples": 8, "spreadShare": share} for share in (0.0, 0.39, 0.4, 1.0)],
    "lengthBias": [{"partialCorrelation": size} for size in (-1.0, -0.31, -0.3, 0.0, 0.3, 0.31, 1.0)],
}


def test_both_make_the_same_checks_in_the_same_order() -> None:
    assert list(CHECKS) == list(FIGURES)
    assert len(CHECKS) == len(rules.CHECKS) == 8
    assert tuple(HACKS) == rules.HACKS


@pytest.mark.parametrize("name", list(CHECKS))
def test_both_give_the_same_verdict(name: str) -> None:
    at = list(CHECKS).index(name)
    told = set()
    for figures in (None, *FIGURES[name]):
        body = PreflightBody.model_validate({} if figures is None else {name: figures})
        verdict = verdict_of(name, figures)
        assert verdict == rules.checks(body)[at].passing.value, figures
        told.add(verdict)
    assert {"passes", "blocks"} <= told


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
    assert stage.work.prompts * stage.work.samples >= table.MIN_OUTPUTS
