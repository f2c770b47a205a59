"""`docs/spec.md`: its examples are one project that compiles cleanly, and no field is missing."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import badcases, held_out, write_rows

from compiler.explain.docs.json_schema import json_schema
from compiler.explain.docs.spec import EXAMPLES, KINDS, page
from compiler.pipeline.phases import compile_spec

# the digest that the examples give for the rows of `held-out`, which this test writes
HELD_OUT = "1baa3334853b1d6e336d9a047929439d6c71fe8ed42968c81f8c908df5b335e1"
RUBRIC = "An answer passes if the customer knows what to do next.\n"  # its digest is in the example, too


def asked_in_turns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"prompt": [{"role": "user", "content": row["prompt"]}]} for row in rows]


def test_the_examples_compile_together(tmp_path: Path) -> None:
    spec = tmp_path / "specs" / "order-agent" / "spec.yaml"
    profile = tmp_path / "specs" / "clusters" / "one-gpu.yaml"
    for folder in (spec.parent / "evidence", profile.parent):
        folder.mkdir(parents=True)
    write_rows(spec.parent / "data" / "badcases.jsonl", asked_in_turns(badcases(model="qwen3-8b-instruct/2026-08")))
    write_rows(spec.parent / "data" / "held-out.jsonl", asked_in_turns(held_out(200)))
    real = hashlib.sha256((spec.parent / "data" / "held-out.jsonl").read_bytes()).hexdigest()
    shutil.copy(EXAMPLES / "TrainingSpec.yaml", spec)
    shutil.copy(EXAMPLES / "ClusterProfile.yaml", profile)
    (spec.parent / "rubrics").mkdir()
    (spec.parent / "rubrics" / "helpful.md").write_text(RUBRIC, encoding="utf-8")
    for kind in KINDS[2:]:
        text = (EXAMPLES / f"{kind}.yaml").read_text(encoding="utf-8").replace(HELD_OUT, real)
        (spec.parent / "evidence" / f"{kind}.yaml").write_text(text, encoding="utf-8")
    outcome = compile_spec(spec, "specs/order-agent/spec.yaml")
    assert outcome.diagnostics == ()
    assert outcome.value is not None
    assert [stage.name for stage in outcome.value.plan.stages] == ["evaluate-base", "sft", "evaluate-sft"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_has_a_row(kind: str) -> None:
    text = page()
    section = text[text.index(f"\n## {kind}\n") :].split("\n## ")[1]
    schema = json_schema(kind)
    for model in (schema, *schema["$defs"].values()):
        for name in model.get("properties", {}):
            assert f".{name}` | " in section or f"| `{name}` | " in section, (model["title"], name)


def test_the_page_names_types_and_defaults() -> None:
    text = page()
    for row in (
        "| `spec.goal.metrics[].target` | number, 0 to 1 | **required** | Value at which the business goal is met. |",
        "| `spec.seed` | whole number, 0 or more | `42` | Seed of every stage. |",
        "| `spec.model.trustRemoteCode` | `true` or `false` | `false` |",
        "| `metadata.digest` | SHA-256 | **required** |",
        "| `spec.data[].path` | path | none |",
        "| `spec.training.cpt.replayShare` | number, 0 to 0.5 | `0.1` |",
        "| `spec.training.cpt.peft.r` | whole number, 1 to 1,024 | `16` |",
        "| `spec.training.cpt.peft.lora_dropout` | number, 0 or more and below 1 | `0.0` |",
        "| `spec.teacher.ask.requestsPerMinute` | whole number, 1 to 100,000 | `60` |",
        "| `sft` | `learning_rate` | `0.0002` |",
        "| `sft`, `tuning: full` | `learning_rate` | `2e-05` |",
    ):
        assert row in text


def test_the_page_has_no_loose_table_cells() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| ")]
    columns = {line.replace("\\|", "").count("|") for line in rows}
    assert columns == {4, 5}
