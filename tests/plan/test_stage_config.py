"""Settings of specs and profiles that the rules do not decide, in stage configs: tuning, processes, trackers, further rows."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import EVIDENCE, PROFILE, MakeSpec, badcases, write_rows
from support.command import invoke

from compiler.pipeline.phases import make_plan
from compiler.plan.model import Plan
from runtime.contract.data.labels import LabelFilter
from runtime.stage.config import parse_stage

GPU = "  gpu: {type: H100, count: 4, memoryGib: 80, hourlyUsd: 2.0, sharding: fsdp}\n  storage:\n"
CHAINS = [
    ("purpose: demonstrations\n      shape: prompt-completion", "purpose: chains\n      shape: chain"),
    ("    - kind: unstable\n    - kind: preference\n", "    - kind: reasoning\n"),
]


def planned(path: Path) -> Plan:
    outcome = make_plan(path, "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    return outcome.value


def configs(path: Path) -> dict[str, Any]:
    return {stage.name: stage.config for stage in planned(path).stages}


def with_training(text: str) -> tuple[str, str]:
    return ("  gaps:\n", f"  training:\n{text}  gaps:\n")


def test_full_tuning_has_no_adapter_a_lower_rate_and_its_weights_are_passed_on(make_spec: MakeSpec) -> None:
    stages = configs(make_spec(with_training("    sft: {tuning: full}\n")))
    assert stages["sft"]["peft"] is None
    assert stages["sft"]["trainer"]["learning_rate"] == 2e-5
    assert stages["dpo"]["peft"] is not None
    assert stages["dpo"]["model"]["adapters"] == [f"{stages['sft']['output']}/model"]
    assert stages["evaluate-sft"]["model"]["adapters"] == [f"{stages['sft']['output']}/model"]


def test_qlora_loads_the_base_in_4_bits_and_only_where_it_trains(make_spec: MakeSpec) -> None:
    with_gpus = PROFILE.replace("  storage:\n", GPU)
    stages = configs(make_spec(with_training("    sft: {tuning: qlora}\n"), profile=with_gpus))
    assert stages["sft"]["model"]["quantization"] == "nf4"
    assert "quantization" not in stages["evaluate-sft"]["model"]
    assert "quantization" not in stages["dpo"]["model"]


def test_stages_that_train_take_all_gpus_and_others_one(make_spec: MakeSpec) -> None:
    plan = planned(make_spec(profile=PROFILE.replace("  storage:\n", GPU)))
    gpus = {stage.name: stage.gpus(4) for stage in plan.stages}
    assert gpus == {"evaluate-base": 1, "sft": 4, "evaluate-sft": 1, "pairs": 0, "dpo": 4, "evaluate-dpo": 1}
    training = next(stage for stage in plan.stages if stage.name == "sft")
    assert training.config["distributed"] == {"processes": 4, "strategy": "fsdp"}
    hours = sum(stage.deadline_seconds / 3600 * gpus[stage.name] for stage in plan.stages)
    assert plan.worst_cost_usd == pytest.approx(2.0 * hours)


def test_stages_that_train_take_all_nodes_and_others_one(make_spec: MakeSpec) -> None:
    one = planned(make_spec(profile=PROFILE.replace("  storage:\n", GPU)))
    plan = planned(make_spec(profile=PROFILE.replace("  storage:\n", GPU.replace("count: 4", "count: 4, nodes: 3"))))
    nodes = {stage.name: stage.nodes for stage in plan.stages}
    assert nodes == {"evaluate-base": 1, "sft": 3, "evaluate-sft": 1, "pairs": 1, "dpo": 3, "evaluate-dpo": 1}
    training = next(stage for stage in plan.stages if stage.name == "sft")
    assert training.config["distributed"] == {"nodes": 3, "processes": 4, "strategy": "fsdp"}
    hours = sum(stage.deadline_seconds / 3600 * nodes[stage.name] * stage.gpus(4) for stage in plan.stages)
    assert plan.worst_cost_usd == pytest.approx(2.0 * hours)
    assert plan.stages[0].job == one.stages[0].job
    assert not {stage.job for stage in plan.stages[1:]} & {stage.job for stage in one.stages}


def test_where_and_as_what_stages_run_is_not_in_their_names(make_spec: MakeSpec) -> None:
    profile = PROFILE.replace("  storage:\n", GPU.replace("count: 4", "nodes: 2, count: 4"))
    elsewhere = profile.replace("memoryGib: 80", "memoryGib: 80, topology: {level: rack, required: true}").replace(
        "  namespace: training\n",
        "  namespace: other\n  output: trainjob\n  queue: research\n  priorityClass: overnight\n"
        "  nodeSelector: {pool: h100}\n  tolerations: [{key: nvidia.com/gpu}]\n  imagePullSecrets: [login]\n",
    )
    one, other = planned(make_spec(profile=profile)), planned(make_spec(profile=elsewhere))
    assert [stage.job for stage in one.stages] == [stage.job for stage in other.stages]
    assert one.digest != other.digest  # an approval of one does not cover the other


def test_pods_request_the_gpus_of_their_stage(make_spec: MakeSpec) -> None:

    path = make_spec(profile=PROFILE.replace("  storage:\n", GPU))
    assert invoke("compile", str(path)).exit_code == 0
    requested = {}
    for file in sorted((path.parent / "plan").glob("*.job.yaml")):
        job = yaml.safe_load(file.read_text(encoding="utf-8"))
        limits = job["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
        requested[file.name[3:-9]] = limits.get("nvidia.com/gpu")
    assert requested == {
        "evaluate-base": "1",
        "sft": "4",
        "evaluate-sft": "1",
        "pairs": None,
        "dpo": "4",
        "evaluate-dpo": "1",
    }


def test_paths_are_written_in_the_form_that_the_runtime_takes(make_spec: MakeSpec) -> None:
    plain = configs(make_spec())
    untidy = configs(make_spec(("path: data/demos.jsonl", "path: ./data//demos.jsonl")))
    assert untidy["sft"]["data"][0]["path"] == "data/demos.jsonl"
    assert untidy["sft"]["output"] == plain["sft"]["output"]


def test_trackers_are_for_stages_that_train(make_spec: MakeSpec) -> None:
    stages = configs(make_spec(("  gaps:\n", "  tracking: [tensorboard]\n  gaps:\n")))
    assert {name for name, config in stages.items() if config.get("tracking") == ["tensorboard"]} == {"sft", "dpo"}


def test_evaluations_include_badcases_and_general_rows(make_spec: MakeSpec, tmp_path: Path) -> None:
    general = (
        "    - name: general\n      purpose: general\n      shape: text\n      path: data/general.jsonl\n  gaps:\n"
    )
    path = make_spec(("  gaps:\n", general), ("  gaps:\n", "  evaluation: {badcases: 8}\n  gaps:\n"))
    write_rows(path.parent / "data" / "general.jsonl", [{"text": f"general text, number {i}"} for i in range(30)])
    blocks = configs(path)["evaluate-sft"]["data"]
    assert [(block.get("role"), block["shape"], block.get("limit")) for block in blocks] == [
        (None, "evaluation", None),
        ("badcases", "badcase", 8),
        ("general", "text", 200),
    ]


def test_badcases_of_the_flow_are_not_evaluated(make_spec: MakeSpec) -> None:
    rows = [*badcases(40), *({**row, "id": f"f{n}", "class": "flow-control"} for n, row in enumerate(badcases(3)))]
    for row in rows[40:]:
        row["prompt"] = f"flow {row['id']}"  # type: ignore[index]
    blocks = configs(make_spec(badcases=rows))["evaluate-base"]["data"]
    assert blocks[1]["exclude_classes"] == ["flow-control"]


FAULTS = f"""\
apiVersion: trainspec.dev/v1
kind: BadcaseReport
metadata:
  source: labelling
  date: 2026-10-02
  digest: {"e" * 64}
spec:
  traces: 500
  kinds:
    - {{name: loop, count: 40, flowControl: true}}
    - {{name: hotel, count: 80}}
"""


def test_badcases_are_left_out_by_kind_and_component(make_spec: MakeSpec) -> None:
    labels = [{"kind": "loop"}, {"component": "retriever"}, {"kind": "hotel"}]
    rows = [{**row, **labels[n % 3]} for n, row in enumerate(badcases(120))]
    path = make_spec(badcases=rows, evidence=EVIDENCE | {"badcases": FAULTS})
    assert invoke("compile", str(path)).exit_code == 0
    (rendered,) = (path.parent / "plan").glob("*-pairs.config.yaml")
    text = yaml.safe_load(rendered.read_text(encoding="utf-8"))["data"]["config.yaml"]
    (block,) = parse_stage(text.encode(), "config.yaml").data
    assert block.excluded == [LabelFilter(component="retriever"), LabelFilter(kind="loop")]


def test_chains_have_a_marker_before_the_answer_and_are_evaluated_with_and_without(make_spec: MakeSpec) -> None:
    rows = [{"prompt": f"demo {i}?", "chain": f"first {i}, then {i}", "completion": f"{i}"} for i in range(60)]
    marker = ("  gaps:\n", "  evaluation: {answerMarker: 答案：}\n  gaps:\n")
    stages = configs(make_spec(*CHAINS, marker, demos=rows))
    assert stages["cot"]["answer_marker"] == "答案："
    assert stages["evaluate-cot"]["metrics"] == [{"name": "exact_match", "answer_marker": "答案："}]
    assert stages["evaluate-cot"]["without_chain"] is True
    assert "without_chain" not in stages["evaluate-base"]


def test_without_chains_there_is_no_marker(make_spec: MakeSpec) -> None:
    stages = configs(make_spec())
    assert stages["evaluate-sft"]["metrics"] == [{"name": "exact_match"}]
    assert "answer_marker" not in stages["sft"]


def test_behind_pre_training_only_a_loss_of_general_ability_stops_the_plan() -> None:
    plan = planned(Path(__file__).parents[2] / "specs" / "wealth-advisor" / "spec.yaml")
    stages = {stage.name: stage for stage in plan.stages}
    base, cpt, sft = (stages[f"evaluate-{name}"] for name in ("base", "cpt", "sft"))
    assert cpt.config["gate"] == {**sft.config["gate"], "baseline": base.job, "needs_gain": False}
    assert [(stage.gates, stage.guards) for stage in (base, cpt, sft)] == [(True, False), (False, True), (True, False)]
    assert plan.checks_general
