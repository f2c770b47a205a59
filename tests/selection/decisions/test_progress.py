"""Whole compiles of a small project: what is measured on the way decides what follows, and never what is finished."""

import hashlib
from pathlib import Path

import pytest
from conftest import DIGEST, EVIDENCE, MakeSpec, badcases, demos, held_out

from compiler.diagnostics.examples.project import jsonl
from compiler.pipeline.phases import make_plan
from compiler.plan.model import Plan
from compiler.selection import Phase, Status

GAPS = "  gaps:\n    - kind: unstable\n    - kind: preference\n"


def planned(path: Path) -> Plan:
    outcome = make_plan(path, "shop/spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    return outcome.value


def codes(path: Path) -> list[str]:
    return [each.code for each in make_plan(path, "shop/spec.yaml").diagnostics]


def jobs(plan: Plan) -> dict[str, str]:
    return {stage.name: stage.job for stage in plan.stages}


def finished(plan: Plan) -> list[str]:
    return [stage.name for stage in plan.stages if stage.result is not None]


def adapters(plan: Plan, name: str) -> list[str]:
    return next(stage.config["model"]["adapters"] for stage in plan.stages if stage.name == name)


def status(plan: Plan) -> dict[str, Status]:
    return {each.rule.id: each.finding.status for each in plan.selection.trace}


def document(kind: str, body: str, day: int = 10) -> str:
    return f"""\
apiVersion: trainspec.dev/v1
kind: {kind}
metadata: {{source: a test, date: 2026-10-{day:02}, digest: {DIGEST}}}
spec:
{body}"""


def result(plan: Plan, name: str, *, score: float, gain: float | None = None, gate: str = "continue") -> str:
    """What the evaluation stage of this name found, in a narrow interval."""
    stage = next(each for each in plan.stages if each.name == name)
    held_out = plan.inputs.files["held-out"].sha256
    lines = [
        f"  job: {stage.job}",
        f"  order: {stage.order}",
        *([] if name == "evaluate-base" else [f"  method: {name.removeprefix('evaluate-')}"]),
        "  model: tiny/1",
        f"  evaluation: {held_out}",
        "  questions: 20",
        f"  metrics: [{{name: exact_match, value: {score}, low: {score - 0.02:.2f}, high: {score + 0.02:.2f}}}]",
        *([] if gain is None else [f"  gain: {{value: {gain}, low: {gain - 0.02:.2f}, high: {gain + 0.02:.2f}}}"]),
        f"  gate: {gate}",
    ]
    return document("StageResult", "\n".join(lines) + "\n", 10 + stage.order)


@pytest.fixture
def start(make_spec: MakeSpec):
    """A project as `make_spec` makes it, with further evidence files."""

    def make(*edits: tuple[str, str], evidence: dict[str, str] | None = None, **rows) -> Path:
        return make_spec(*edits, evidence=EVIDENCE | (evidence or {}), **rows)

    return make


def probe(measures: str, *, model: str = "tiny/1", prompts: int = 100, samples: int = 16, day: int = 5) -> str:
    body = f"  model: {model}\n  prompts: {prompts}\n  samples: {samples}\n  measures:\n{measures}"
    return document("ProbeReport", body, day)


UNSTABLE = """\
    passAt16: {value: 0.8, low: 0.75, high: 0.85}
    unstableGain: {value: 0.4, low: 0.35, high: 0.45}
"""
STABLE = """\
    passAt16: {value: 0.8, low: 0.75, high: 0.85}
    unstableGain: {value: 0.05, low: 0.0, high: 0.1}
"""


def test_results_that_go_on_change_no_name(start) -> None:
    plan = planned(start())
    assert list(jobs(plan)) == ["evaluate-base", "sft", "evaluate-sft", "pairs", "dpo", "evaluate-dpo"]
    base = result(plan, "evaluate-base", score=0.3)
    sft = result(plan, "evaluate-sft", score=0.5, gain=0.2)
    after = planned(start(evidence={"base": base, "sft": sft}))
    assert jobs(after) == jobs(plan)
    assert finished(after) == ["evaluate-base", "sft", "evaluate-sft"]
    assert [stage.name for stage in after.pending] == ["pairs", "dpo", "evaluate-dpo"]
    assert adapters(after, "dpo") == [f"{jobs(plan)['sft']}/adapter"]


def test_the_names_of_evidence_files_change_nothing(start) -> None:
    plan = planned(start())
    base, sft = result(plan, "evaluate-base", score=0.3), result(plan, "evaluate-sft", score=0.5, gain=0.2)
    one = planned(start(evidence={"a": base, "b": sft}))
    assert planned(start(evidence={"z": base, "y": sft})).digest == one.digest
    assert finished(one) == ["evaluate-base", "sft", "evaluate-sft"]


def test_a_stage_that_gained_nothing_is_left_and_keeps_its_name(start) -> None:
    plan = planned(start())
    sft = result(plan, "evaluate-sft", score=0.3, gain=0.0, gate="no-gain")
    after = planned(start(evidence={"sft": sft}))
    assert {name: jobs(after)[name] for name in ("evaluate-base", "sft", "evaluate-sft")} == {
        name: jobs(plan)[name] for name in ("evaluate-base", "sft", "evaluate-sft")
    }
    assert adapters(after, "dpo") == []
    assert jobs(after)["dpo"] != jobs(plan)["dpo"]
    assert (
        next(stage.config["gate"]["baseline"] for stage in after.stages if stage.name == "evaluate-dpo")
        == jobs(after)["evaluate-base"]
    )


def test_a_stage_that_meets_the_target_ends_the_plan(start) -> None:
    plan = planned(start())
    after = planned(start(evidence={"sft": result(plan, "evaluate-sft", score=0.95, gain=0.6, gate="target-met")}))
    assert (after.selection.phase, after.stages) == (Phase.DONE, ())
    assert "deploy" in dict(after.selection.advice)["DONE"]


def test_every_stage_finished_and_the_target_not_met(start) -> None:
    plan = planned(start())
    evidence = {
        "base": result(plan, "evaluate-base", score=0.3),
        "sft": result(plan, "evaluate-sft", score=0.5, gain=0.2),
        "dpo": result(plan, "evaluate-dpo", score=0.51, gain=0.01, gate="no-gain"),
    }
    after = planned(start(evidence=evidence))
    assert jobs(after) == jobs(plan)
    assert after.pending == ()


def test_changed_data_starts_the_stage_anew(start) -> None:
    plan = planned(start())
    sft = result(plan, "evaluate-sft", score=0.5, gain=0.2)
    after = planned(start(evidence={"sft": sft}, demos=demos(61)))
    assert jobs(after)["sft"] != jobs(plan)["sft"]
    assert finished(after) == []


def test_a_probe_of_what_was_trained_does_not_take_the_stage_away(start) -> None:
    before = {"probe": probe(UNSTABLE)}
    plan = planned(start(evidence=before))
    sft = {"sft": result(plan, "evaluate-sft", score=0.5, gain=0.2)}
    trained = {"later": probe(STABLE, model=f"tiny/1+{jobs(plan)['sft']}", day=20)}
    after = planned(start(evidence=before | sft | trained))
    assert jobs(after) == jobs(plan)
    assert finished(after) == ["sft", "evaluate-sft"]
    # the same figures of the base model itself do
    again = planned(start(evidence=before | {"later": probe(STABLE, day=20)}))
    assert "sft" not in jobs(again)


def test_what_samples_the_policy_samples_what_was_trained_before_it(start) -> None:
    plan = planned(start(badcases=badcases(answer=None)))
    assert list(jobs(plan)) == ["evaluate-base", "sft", "evaluate-sft", "sample", "dpo", "evaluate-dpo"]
    assert adapters(plan, "sample") == adapters(plan, "dpo") == [f"{jobs(plan)['sft']}/adapter"]
    rows = [each["path"] for each in next(stage.config["data"] for stage in plan.stages if stage.name == "dpo")]
    assert rows == [f"{jobs(plan)['sample']}/preference.jsonl"]
    after = planned(
        start(evidence={"sft": result(plan, "evaluate-sft", score=0.5, gain=0.2)}, badcases=badcases(answer=None))
    )
    assert jobs(after) == jobs(plan)


RULES_GAP = (
    GAPS,
    "  reward: {kind: programmatic, functions: [{use: length, options: {most: 80}}]}\n  gaps:\n    - kind: rule-constraints\n",
)


def test_the_reward_is_examined_on_the_policy_that_it_would_train(start) -> None:
    few = badcases(answer=None)
    plan = planned(start(RULES_GAP, badcases=few))
    assert list(jobs(plan)) == ["evaluate-base", "sft", "evaluate-sft"]
    sft = {"sft": result(plan, "evaluate-sft", score=0.5, gain=0.01)}
    after = planned(start(RULES_GAP, badcases=few, evidence=sft))
    assert list(jobs(after)) == ["evaluate-base", "sft", "evaluate-sft", "preflight"]
    assert {name: jobs(after)[name] for name in jobs(plan)} == jobs(plan)
    assert adapters(after, "preflight") == [f"{jobs(plan)['sft']}/adapter"]


def test_a_plan_with_a_long_name_knows_its_own_results(start) -> None:
    name = "customer-support-assistant-of-the-northern-region"
    edits = (("  name: shop", f"  name: {name}"), RULES_GAP)
    few = badcases(answer=None)
    plan = planned(start(*edits, badcases=few))
    assert list(jobs(plan)) == ["evaluate-base", "sft", "evaluate-sft"]
    assert not jobs(plan)["evaluate-sft"].startswith(name)
    after = planned(start(*edits, badcases=few, evidence={"sft": result(plan, "evaluate-sft", score=0.5, gain=0.2)}))
    assert jobs(after) == jobs(plan)
    assert finished(after) == ["sft", "evaluate-sft"]


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"prompts": 99}, False),
        ({"samples": 15}, False),
        ({"model": "other/1"}, False),
    ],
)
def test_a_probe_counts_when_it_is_of_the_model_and_large_enough(start, changes, counts: bool) -> None:
    path = start((GAPS, "  gaps: []\n"), evidence={"probe": probe(UNSTABLE, **changes)})
    assert (status(planned(path))["M2"] is Status.FIRED) == counts
    assert ("CHK240" in codes(path)) == (not counts)


def test_of_several_probes_the_latest_counts_whatever_its_name(start) -> None:
    only = (GAPS, "  gaps: []\n")
    for first, second in (("a", "b"), ("b", "a")):
        path = start(only, evidence={first: probe(STABLE, day=5), second: probe(UNSTABLE, day=6)})
        assert status(planned(path))["M2"] is Status.FIRED
        path = start(only, evidence={first: probe(UNSTABLE, day=5), second: probe(STABLE, day=6)})
        assert status(planned(path))["M2"] is Status.SILENT


def test_an_override_keeps_a_gap_with_its_reason_and_owner(start) -> None:
    stable = {"probe": probe(STABLE)}
    assert "sft" not in jobs(planned(start(evidence=stable)))
    kept = (
        "  gaps:\n    - kind: unstable\n      override: {reason: 探针用了旧提示词, owner: 李}\n    - kind: preference\n"
    )
    path = start((GAPS, kept), evidence=stable)
    plan = planned(path)
    assert "sft" in jobs(plan)
    assert "SEL309" in codes(path)
    reason = next(each.finding.reason for each in plan.selection.trace if each.rule.id == "D11")
    assert "探针用了旧提示词 (李)" in reason


def test_badcases_of_flow_control_are_left_out_of_what_is_rendered(start) -> None:
    rows = [
        *badcases(40),
        *({**row, "id": f"f{n}", "prompt": f"flow {n}", "class": "flow-control"} for n, row in enumerate(badcases(5))),
    ]
    plan = planned(start((GAPS, "  gaps:\n    - kind: preference\n"), badcases=rows))
    (block,) = next(stage.config["data"] for stage in plan.stages if stage.name == "pairs")
    assert block["exclude_classes"] == ["flow-control"]
    assert [str(each) for each in plan.selection.left_out] == ["the class `flow-control`"]
    plan = planned(start((GAPS, "  gaps:\n    - kind: preference\n")))
    (block,) = next(stage.config["data"] for stage in plan.stages if stage.name == "dpo")
    assert "exclude_classes" not in block


def test_a_report_of_badcases_decides_the_technique(start) -> None:
    report = """\
  traces: 1000
  kinds:
    - {name: refunds, count: 80}
    - {name: totals, count: 30, criticalIntent: true, replays: {failed: 4, total: 5}}
    - {name: names, count: 3}
"""
    path = start(evidence={"prompt-rounds": document("BadcaseReport", report)})
    (stage, _) = planned(path).stages
    assert stage.config["work"]["techniques"] == {"few-shot": ["refunds", "totals"], "rules": ["names"]}


@pytest.mark.parametrize("gate", ["worse", "no-gain"])
def test_a_stage_that_made_the_model_worse_is_dropped_and_nothing_builds_on_it(start, gate: str) -> None:
    plan = planned(start())
    path = start(evidence={"sft": result(plan, "evaluate-sft", score=0.2, gain=-0.1, gate=gate)})
    after = planned(path)
    assert "sft" not in jobs(after)
    assert adapters(after, "dpo") == []
    assert "SEL313" in codes(path)


def test_a_gate_that_its_gain_contradicts_is_refused(start) -> None:
    plan = planned(start())
    path = start(evidence={"sft": result(plan, "evaluate-sft", score=0.2, gain=-0.1, gate="continue")})
    outcome = make_plan(path, "shop/spec.yaml")
    assert any("contradict" in each.message or "lies below zero" in each.message for each in outcome.diagnostics)


def elsewhere(method: str, gain: float, day: int) -> str:
    """The result of a stage that another system ran, on the test set of the project."""
    lines = result_lines(method, gain)
    return document("StageResult", "\n".join(lines) + "\n", day)


def result_lines(method: str, gain: float) -> list[str]:
    digest = hashlib.sha256(jsonl(held_out()).encode()).hexdigest()
    return [
        f"  job: notebook-{method}",
        "  ranIn: elsewhere",
        "  order: 1",
        f"  method: {method}",
        "  model: tiny/1",
        f"  evaluation: {digest}",
        "  questions: 400",
        "  metrics: [{name: exact_match, value: 0.5, low: 0.45, high: 0.55}]",
        f"  gain: {{value: {gain}, low: {gain - 0.02:.2f}, high: {gain + 0.02:.2f}}}",
        f"  gate: {'continue' if gain > 0.02 else 'no-gain'}",
    ]


def test_what_ran_elsewhere_counts_by_its_latest_result(start) -> None:
    sft, dpo = elsewhere("sft", 0.0, 11), elsewhere("dpo", 0.09, 12)
    assert "the plan continues" not in reason(planned(start(RULES_GAP, evidence={"a": sft})), "D12")
    gains = planned(start(RULES_GAP, evidence={"a": sft, "b": dpo}))
    assert "dpo still gains, so the plan continues with it" in reason(gains, "D12")
    assert "still gains" in reason(gains, "M5")
    flat = planned(start(RULES_GAP, evidence={"a": dpo, "b": elsewhere("sft", 0.0, 13)}))
    assert "still gains" not in reason(flat, "M5")


def reason(plan: Plan, rule: str) -> str:
    return next(each.finding.reason for each in plan.selection.trace if each.rule.id == rule)


def test_rounds_at_another_temperature_are_not_compared(start) -> None:
    hot = "few-shot, score: 0.30, questions: 100, decoding: {temperature: 1.0}}"
    plan = planned(start(("few-shot, score: 0.30, questions: 100}", hot)))
    assert plan.selection.phase is Phase.PROMPT
    assert "cannot be compared" in reason(plan, "P0")


def test_rows_and_a_report_are_joined_by_their_kind(start) -> None:
    report = """\
  traces: 1000
  kinds:
    - {name: misses, count: 10, component: retriever}
    - {name: orders, count: 40}
"""
    rows = [
        *({**row, "kind": "orders"} for row in badcases(40)),
        *({**row, "id": f"m{n}", "prompt": f"miss {n}", "kind": "misses"} for n, row in enumerate(badcases(10))),
    ]
    evidence = {"report": document("BadcaseReport", report)}
    plan = planned(start((GAPS, "  gaps:\n    - kind: preference\n"), badcases=rows, evidence=evidence))
    assert [str(each) for each in plan.selection.left_out] == ["the kind `misses` and no component"]
    assert "some badcases are faults of `retriever`" in reason(plan, "P4")


def test_most_first_errors_in_a_retriever_stop_training(start) -> None:
    report = """\
  traces: 1000
  kinds:
    - {name: misses, count: 84, component: retriever}
    - {name: orders, count: 16}
"""
    plan = planned(start(evidence={"report": document("BadcaseReport", report)}))
    assert (plan.selection.phase, plan.stages) == (Phase.COLLECT, ())
    assert "84% of the first errors lie in `retriever`" in reason(plan, "C1")


def test_shared_prompts_stop_the_compile_in_every_phase(start) -> None:
    rows = [*demos(59), {"id": "leak", "prompt": "test 1?", "completion": "gold 1"}]
    for edit in (("kind", "kind"), ("runsEndToEnd: true", "runsEndToEnd: false")):
        outcome = make_plan(start(edit, demos=rows), "shop/spec.yaml")
        assert outcome.value is None
        assert "CHK210" in {each.code for each in outcome.diagnostics}
