"""Metrics of the goal in check and in plans: the library with options, the team's own functions, and people."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeSpec
from support.command import invoke

from compiler.diagnostics import Diagnostic
from compiler.pipeline.phases import make_plan
from runtime.contract.read import read_stage

NAME = "      - name: exact_match\n"
EVIDENCE = "metric: exact_match"


def measured(lines: str, name: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Edits that replace the only metric, in the spec and in its evidence."""
    return (NAME, f"      - name: {name}\n{lines}"), (EVIDENCE, f"metric: {name}")


def found(path: Path) -> list[Diagnostic]:
    return [each for each in make_plan(path, "spec.yaml").diagnostics if each.severity == "error"]


def stages(path: Path) -> dict[str, Any]:
    outcome = make_plan(path, "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    made = {stage.name: stage.config for stage in outcome.value.stages}
    for name, config in made.items():
        read_stage(dict(config), name)  # raises if the runtime does not read it
    return made


@pytest.mark.parametrize(
    ("lines", "name", "code", "words"),
    [
        ("", "exact_mach", "CHK207", "did you mean `exact_match`?"),
        ("", "expert_score", "CHK207", "`use: people`"),
        ("        use: rogue_l\n", "ours", "CHK207", "did you mean `rouge_l`?"),
        ("        use: regex\n", "ours", "SPC101", "options: {pattern: …}"),
        ("        use: regex\n        options: {pattern: a, patern: b}\n", "ours", "CHK207", "did you mean `pattern`?"),
        ("        use: regex\n        options: {pattern: (}\n", "ours", "SPC104", "fix it"),
        ("        options: {near: 1}\n", "exact_match", "CHK207", "remove it"),
        ("        use: json_schema\n        options: {schema: absent.json}\n", "ours", "CHK201", "add the file"),
        ("        use: ours:score\n", "ours", "CHK201", "add the file"),
        ("        use: label_accuracy\n        options: {labels: [a, a]}\n", "ours", "SPC104", ""),
        ("        use: token_f1\n        options: {passes_at: 3}\n", "ours", "SPC104", "at most 1"),
        ("        databases: data\n", "exact_match", "CHK243", "remove `databases`"),
    ],
)
def test_wrong_metrics_are_refused_in_every_phase(
    make_spec: MakeSpec, lines: str, name: str, code: str, words: str
) -> None:
    path = make_spec(*measured(lines, name))
    first = found(path)[0]
    assert (first.code, words in (first.hint or "")) == (code, True), first
    for evidence in (path.parent / "evidence").glob("*.yaml"):
        evidence.unlink()  # a spec that only begins to measure
    assert next(each.code for each in found(path)) == code


@pytest.mark.parametrize(
    ("guard", "words"),
    [
        ("name: exact_mach", "did you mean `exact_match`?"),
        ("name: execution_accuracy", "add the metric with its settings to `goal.metrics`"),
        ("name: json_schema", "add the metric with its settings to `goal.metrics`"),
    ],
)
def test_wrong_guards_are_refused(make_spec: MakeSpec, guard: str, words: str) -> None:
    path = make_spec(("  system:\n", f"    mustNotFall:\n      - {{{guard}}}\n  system:\n"))
    assert [(each.code, words in (each.hint or "")) for each in found(path)] == [("CHK207", True)]


def test_a_metric_of_the_library_has_its_options_in_every_evaluation(make_spec: MakeSpec) -> None:
    path = make_spec(*measured("        use: regex\n        options: {pattern: 'ORD-\\d+'}\n", "has_order_id"))
    made = stages(path)
    block = {"name": "has_order_id", "use": "regex", "options": {"pattern": "ORD-\\d+"}}
    assert made["evaluate-base"]["metrics"] == [block]
    assert made["evaluate-base"]["gate"]["metric"] == "has_order_id"


def test_files_of_metrics_have_their_digests_in_the_plan(make_spec: MakeSpec) -> None:
    lines = "        use: ours.tone:score\n        target: 0.9\n      - name: form\n        use: json_schema\n"
    path = make_spec(*measured(lines + "        options: {schema: order.json}\n", "tone"))
    folder = path.parent
    (folder / "ours").mkdir()
    (folder / "ours" / "tone.py").write_text("from ours import words\n\ndef score(row, answer):\n    return 1\n")
    (folder / "ours" / "words.py").write_text("WORDS = ()\n")
    (folder / "order.json").write_text(json.dumps({"type": "object"}))
    made = stages(path)
    code = made["evaluate-base"]["metric_code"]
    assert sorted(code) == ["order.json", "ours/tone.py", "ours/words.py"]
    assert "reward_code" not in made["evaluate-base"]
    (folder / "ours" / "words.py").write_text("WORDS = ('please',)\n")
    changed = stages(path)
    assert changed["evaluate-base"]["metric_code"]["ours/words.py"] != code["ours/words.py"]


def test_people_measure_what_no_job_can_and_a_spec_says_so(make_spec: MakeSpec) -> None:
    path = make_spec(("        target: 0.9\n", "        target: 0.9\n      - {name: tone, use: people, target: 0.8}\n"))
    assert found(path) == []
    assert invoke("check", str(path)).exit_code == 0
    assert stages(path)["evaluate-base"]["gate"]["unmeasured"] == ["tone"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def scor(row, answer):\n    return 1\n", "defines no `score`"),
        ("def score(row, answer)\n    return 1\n", "is not Python: expected ':' (line 1)"),
        ("def score(answer):\n    return 1\n", "is called with a row and an answer"),
        ("def score(row, answer, *, strict):\n    return 1\n", "is called with a row and an answer"),
        ("async def score(row, answer):\n    return 1\n", "is asynchronous"),
    ],
)
def test_a_function_that_no_job_could_call_is_refused(make_spec: MakeSpec, code: str, words: str) -> None:
    path = make_spec(*measured("        use: ours:score\n", "tone"))
    (path.parent / "ours.py").write_text(code, encoding="utf-8")
    assert [(each.code, words in each.message) for each in found(path)] == [("CHK249", True)]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("def score(row, answer, strict=False):\n    return 1\n", "score"),
        ("def score(*given):\n    return 1\n", "score"),
        ("def scoreTone(row, answer):\n    return 1\n", "scoreTone"),
        ("class Tone:\n    def __call__(self, row, answer):\n        return 1\n\nscore = Tone()\n", "score"),
        ("from rules import *\n", "score"),
        ("if True:\n    def score(row, answer):\n        return 1\n", "score"),
    ],
)
def test_a_function_may_be_defined_in_any_way(make_spec: MakeSpec, code: str, name: str) -> None:
    path = make_spec(*measured(f"        use: ours:{name}\n", "tone"))
    (path.parent / "ours.py").write_text(code, encoding="utf-8")
    assert found(path) == []


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ('{"type": ', "is not JSON"),
        ("type: object\n", "is not JSON"),
        ("[]", "neither an object nor a truth value"),
        ('{"$ref": "https://example.com/a.json"}', "leads to nothing in it"),
        ('{"properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"a": {}}}', "leads to nothing in it"),
    ],
)
def test_a_schema_that_no_job_could_apply_is_refused(make_spec: MakeSpec, schema: str, words: str) -> None:
    path = make_spec(*measured("        use: json_schema\n        options: {schema: order.json}\n", "form"))
    (path.parent / "order.json").write_text(schema, encoding="utf-8")
    assert [(each.code, words in each.message) for each in found(path)] == [("CHK249", True)]
    (path.parent / "order.json").write_text(
        '{"$ref": "#/$defs/a~1b", "$defs": {"a/b": {}}, "enum": [{"$ref": "x"}]}', encoding="utf-8"
    )
    assert found(path) == []


def test_a_metric_has_one_target(make_spec: MakeSpec) -> None:
    path = make_spec(("        target: 0.9\n", "        target: 0.9\n      - {name: exact_match, target: 0.5}\n"))
    assert [(each.code, each.message) for each in found(path)] == [("CHK206", "name `exact_match` is used twice")]
