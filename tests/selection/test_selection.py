"""Diagnostics of selection rules, each at the field that causes it, with a hint."""

import pytest
from conftest import DIGEST, EVIDENCE, MakeSpec, badcases, demos, write_rows

from compiler.diagnostics import Diagnostic
from compiler.pipeline.phases import make_plan

GAPS = "  gaps:\n    - kind: unstable\n    - kind: preference\n"
PREFERENCE = (GAPS, "  gaps:\n    - kind: preference\n")
PROBE = f"""\
apiVersion: trainspec.dev/v1
kind: ProbeReport
metadata: {{source: a test, date: 2026-10-02, digest: {DIGEST}}}
spec:
  model: tiny/1
  prompts: 100
  samples: 16
  measures:
"""
ABSENT = {
    "probe": PROBE + "    valid: {value: 0.95, low: 0.9, high: 1.0}\n    win: {value: 0.5, low: 0.4, high: 0.6}\n"
}
UNCLEAR = {
    "probe": PROBE + "    valid: {value: 0.95, low: 0.9, high: 1.0}\n    win: {value: 0.7, low: 0.6, high: 0.8}\n"
}
PRESENT = {
    "probe": PROBE + "    valid: {value: 0.95, low: 0.9, high: 1.0}\n    win: {value: 0.7, low: 0.65, high: 0.8}\n"
}


def reported(path, code: str) -> Diagnostic:
    found = [each for each in make_plan(path, "shop/spec.yaml").diagnostics if each.code == code]
    assert len(found) == 1, make_plan(path, "shop/spec.yaml").diagnostics
    return found[0]


def test_a_blocked_rule_is_reported_at_its_gap_with_what_to_do(make_spec: MakeSpec) -> None:
    found = reported(make_spec(demos=demos(49)), "SEL302")
    assert found.message == "rule M2 is blocked: 49 demonstrations are too few for sft"
    assert found.location.text.strip() == "- kind: unstable"
    assert found.hint == "use few-shot prompts or augmentation until there are 50 demonstrations"
    assert found.severity == "warning"


def test_no_gap_at_all_is_reported_at_the_list_of_gaps(make_spec: MakeSpec) -> None:
    found = reported(make_spec((GAPS, "  gaps: []\n")), "SEL302")
    assert "no gap is known" in found.message
    assert found.location.text.strip() == "gaps: []"
    assert "run the probe" in found.hint


@pytest.mark.parametrize(
    ("evidence", "code", "message"),
    [
        ({}, "SEL310", "is declared, but not measured"),
        (
            UNCLEAR,
            "SEL310",
            "is declared, but the probe does not decide it: the interval of `win` contains its threshold",
        ),
        (ABSENT, "SEL308", "is declared, but measured as absent: `win` misses its threshold"),
        (PRESENT, "", ""),
    ],
)
def test_a_declared_gap_against_its_measurement(make_spec: MakeSpec, evidence, code: str, message: str) -> None:
    path = make_spec(PREFERENCE, evidence=EVIDENCE | evidence)
    if code:
        found = reported(path, code)
        assert found.message == f"gap `preference` {message}"
        assert found.location.text.strip() == "- kind: preference"
    codes = {each.code for each in make_plan(path, "shop/spec.yaml").diagnostics}
    assert codes & {"SEL308", "SEL309", "SEL310"} == ({code} if code else set())


def test_an_override_is_reported_with_who_answers_for_it(make_spec: MakeSpec) -> None:
    kept = (GAPS, "  gaps:\n    - kind: preference\n      override: {reason: 样本太旧, owner: wang}\n")
    found = reported(make_spec(kept, evidence=EVIDENCE | ABSENT), "SEL309")
    assert found.message == "`wang` keeps gap `preference` despite its measurement: 样本太旧"


def test_pairs_of_another_model_are_reported_at_their_source(make_spec: MakeSpec) -> None:
    rows = [*badcases(20), *({**row, "prompt": f"x{n}"} for n, row in enumerate(badcases(20, model="other/1")))]
    found = reported(make_spec(PREFERENCE, badcases=rows), "SEL303")
    assert "20 of 40 answers are not from `tiny/1`" in found.message
    assert "badcases" in found.location.text


def test_near_pairs_are_reported_with_their_number(make_spec: MakeSpec) -> None:
    rows = [{**row, "answer": row["fix"] + "!"} if n < 4 else row for n, row in enumerate(badcases())]
    path = make_spec(PREFERENCE, badcases=rows)
    assert reported(path, "SEL304").message == "4 of 40 pairs of `badcases` are nearly identical"


def test_a_downgrade_to_sft_is_reported(make_spec: MakeSpec) -> None:
    never = {"probe": PROBE + "    passAt16: {value: 0.0, low: 0.0, high: 0.01}\n"}
    path = make_spec(PREFERENCE, badcases=badcases(answer=None), evidence=EVIDENCE | never)
    assert "sft learns the demonstrations instead of dpo" in reported(path, "SEL305").message
    assert [stage.name for stage in make_plan(path, "x").value.stages] == ["evaluate-base", "sft", "evaluate-sft"]


def test_thumbs_give_kto(make_spec: MakeSpec) -> None:
    thumbs = "    - {name: thumbs, purpose: preferences, shape: unpaired-preference, path: data/thumbs.jsonl}\n"
    path = make_spec(("  gaps:\n", f"{thumbs}  gaps:\n"), PREFERENCE, badcases=badcases(answer=None))
    rows = [{"prompt": f"t{n}", "completion": "c", "label": n % 2 == 0} for n in range(40)]
    write_rows(path.parent / "data" / "thumbs.jsonl", rows)
    assert [stage.name for stage in make_plan(path, "x").value.stages] == ["evaluate-base", "kto", "evaluate-kto"]


def test_an_override_of_a_rule_is_reported_and_consistent(make_spec: MakeSpec) -> None:
    loss = ("  gaps:\n", "  training:\n    dpo:\n      trainer: {loss_type: [sigmoid]}\n  gaps:\n")
    rows = [{**row, "answer": row["fix"] + "!"} if n < 9 else row for n, row in enumerate(badcases())]
    path = make_spec(PREFERENCE, loss, badcases=rows)
    assert reported(path, "PLN406").message == "`loss_type` overrides the value that rule D3 sets"
    trainer = next(stage.config["trainer"] for stage in make_plan(path, "x").value.stages if stage.name == "dpo")
    assert trainer["loss_type"] == ["sigmoid"]
    assert "loss_weights" not in trainer


def test_facts_that_sft_alone_would_teach_are_reported(make_spec: MakeSpec) -> None:
    gaps = (
        GAPS,
        "  gaps:\n    - {kind: unstable, override: {reason: the form alone, owner: li}}\n    - kind: unknown-domain\n",
    )
    assert "raises hallucination" in reported(make_spec(gaps), "SEL311").message
