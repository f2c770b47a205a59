"""Marked answers that are all, or nearly all, of one kind."""

import pytest
from conftest import MakeSpec, badcases, write_rows

from compiler.diagnostics import Diagnostic
from compiler.pipeline.phases import make_plan
from compiler.plan.checks.marks import MAX_WEIGHT
from runtime.train.methods.kto import balance_of

SOURCE = (
    "    - name: thumbs\n      purpose: preferences\n      shape: unpaired-preference\n      path: data/thumbs.jsonl\n"
)


def found(make_spec: MakeSpec, good: int, bad: int, trainer: str = "") -> list[Diagnostic]:
    edits = [("  data:\n", f"  data:\n{SOURCE}")]
    if trainer:
        edits.append(("  gaps:\n", f"  training:\n    kto:\n      trainer: {{{trainer}}}\n  gaps:\n"))
    path = make_spec(*edits, badcases=badcases(answer=None))
    rows = [{"prompt": f"{at}?", "completion": "so", "label": at < good} for at in range(good + bad)]
    write_rows(path.parent / "data" / "thumbs.jsonl", rows)
    return [each for each in make_plan(path, "spec.yaml").diagnostics if each.code in ("CHK219", "PLN416")]


@pytest.mark.parametrize(("good", "bad", "kind"), [(600, 0, "bad"), (0, 600, "good")])
def test_answers_of_one_kind_are_an_error(make_spec: MakeSpec, good: int, bad: int, kind: str) -> None:
    (each,) = found(make_spec, good, bad)
    assert (each.code, each.severity) == ("CHK219", "error")
    assert f"add answers that are marked {kind}" in each.hint


def test_a_rare_kind_is_named_with_the_weight_that_the_stage_sets(make_spec: MakeSpec) -> None:
    (each,) = found(make_spec, 5, 995)
    assert each.code == "PLN416"
    assert "5 good answers and 995 bad: the runtime will set `desirable_weight: 199`" in each.message
    assert "between 1 and 4/3" in each.hint
    rows = [{"prompt": f"{at}", "completion": "so", "label": at < 5} for at in range(1000)]
    assert balance_of(rows, {})["desirable_weight"] == 199


@pytest.mark.parametrize(("good", "bad"), [(300, 300), (900, 100), (60, 60 * MAX_WEIGHT)])
def test_usual_shares_are_none(make_spec: MakeSpec, good: int, bad: int) -> None:
    assert found(make_spec, good, bad) == []


def test_weights_of_the_spec_decide(make_spec: MakeSpec) -> None:
    (each,) = found(make_spec, 200, 800, "desirable_weight: 100.0")
    assert "all good ones count 25 times as much as all bad ones" in each.message
    assert found(make_spec, 200, 800, "desirable_weight: 4.0") == []
