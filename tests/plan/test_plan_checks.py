"""Diagnostics of plans that could not run as the spec says, and of settings that have no effect."""

import shutil
from pathlib import Path

import pytest
from conftest import PROFILE, MakeSpec

from compiler.diagnostics import Diagnostic
from compiler.pipeline.phases import make_plan
from compiler.plan.model import Plan

SPECS = Path(__file__).resolve().parents[2] / "specs"
CHAINS = [
    ("purpose: demonstrations\n      shape: prompt-completion", "purpose: chains\n      shape: chain"),
    ("    - kind: unstable\n    - kind: preference\n", "    - kind: reasoning\n"),
]
SHARE = ("      replayShare: 0.2\n", "")
NO_GENERAL = (
    "    - name: general-text\n      purpose: general\n      shape: text\n      path: data/general.jsonl\n"
    "      license: CC BY-SA 3.0\n",
    "",
)
CHAIN_ROWS = [{"prompt": f"demo {i}?", "chain": f"first {i}, then {i}", "completion": f"{i}"} for i in range(60)]
MARKER = ("  gaps:\n", "  evaluation: {answerMarker: 答案：}\n  gaps:\n")


def planned(path: Path) -> Plan:
    outcome = make_plan(path, "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    return outcome.value


def with_training(text: str) -> tuple[str, str]:
    return ("  gaps:\n", f"  training:\n{text}  gaps:\n")


def reported(path: Path, code: str) -> list[Diagnostic]:
    return [each for each in make_plan(path, "spec.yaml").diagnostics if each.code == code]


def with_gpu(text: str) -> str:
    return PROFILE.replace("  storage:\n", f"  gpu: {{type: H100, memoryGib: 80, {text}}}\n  storage:\n")


def shipped(name: str, tmp_path: Path, file: str, *edits: tuple[str, str]) -> Path:
    """A shipped spec in a fresh folder, with some text of `file` edited."""
    for folder in (name, "clusters"):
        shutil.copytree(SPECS / folder, tmp_path / folder, ignore=shutil.ignore_patterns("plan"))
    path = tmp_path / file
    text = path.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return tmp_path / name / "spec.yaml"


@pytest.mark.parametrize(
    ("gpus", "refused"),
    [
        ("count: 2, sharding: fsdp", True),
        ("count: 4, sharding: zero3", True),
        ("count: 4", False),
        ("count: 1, sharding: fsdp", False),
    ],
)
def test_ppo_is_planned_only_where_each_process_holds_the_model(tmp_path: Path, gpus: str, refused: bool) -> None:
    edit = ("  storage:\n", f"  gpu: {{type: H100, memoryGib: 80, {gpus}}}\n  storage:\n")
    found = reported(shipped("discharge-coding", tmp_path, "clusters/cpu-small.yaml", edit), "PLN410")
    assert [each.location.text for each in found] == ["  profile: cpu-small"] * refused
    assert all("`ppo` needs whole models" in each.message for each in found)


def test_qlora_needs_a_profile_with_a_gpu(make_spec: MakeSpec) -> None:
    edit = with_training("    sft: {tuning: qlora}\n")
    (found,) = reported(make_spec(edit), "PLN410")
    assert found.location.text[found.location.column - 1 : found.location.end_column - 1] == "qlora"
    assert reported(make_spec(edit, profile=with_gpu("count: 1")), "PLN410") == []


def test_grpo_generates_on_all_nodes(tmp_path: Path) -> None:
    line = "    grpo: {trainer: {per_device_train_batch_size: 4}}"
    path = shipped("report-sql", tmp_path, "report-sql/spec.yaml", ("  gaps:\n", f"  training:\n{line}\n  gaps:\n"))
    assert len(reported(path, "CHK243")) == 1
    profile = tmp_path / "clusters" / "gpu-h100.yaml"
    profile.write_text(
        profile.read_text(encoding="utf-8").replace("  gpu:\n", "  gpu:\n    nodes: 2\n"), encoding="utf-8"
    )
    assert reported(path, "CHK243") == []


@pytest.mark.parametrize(
    ("trainer", "refused"),
    [
        ("num_generations: 6", True),
        ("per_device_train_batch_size: 4", True),
        ("per_device_train_batch_size: 4, gradient_accumulation_steps: 2", False),
        ("per_device_train_batch_size: 4, steps_per_generation: 2", False),
        ("per_device_train_batch_size: 4, generation_batch_size: 12", True),
        ("per_device_train_batch_size: 4, generation_batch_size: 16", False),
    ],
)
def test_grpo_generates_whole_groups(tmp_path: Path, trainer: str, refused: bool) -> None:
    line = f"    grpo: {{trainer: {{{trainer}}}}}"
    edit = ("  gaps:\n", f"  training:\n{line}\n  gaps:\n")
    found = reported(shipped("report-sql", tmp_path, "report-sql/spec.yaml", edit), "CHK243")
    assert [(each.location.text, "not a multiple" in each.message) for each in found] == [(line, True)] * refused


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        (("per_device_train_batch_size: 1",), True),
        (("per_device_train_batch_size: 2",), False),
        (("per_device_train_batch_size: 1", "loss_type: apo_zero_unpaired"), False),
    ],
)
def test_kto_learns_from_several_answers_at_once(tmp_path: Path, fields: tuple[str, ...], refused: bool) -> None:
    edit = ("        max_length: 256\n", "".join(f"        {each}\n" for each in fields))
    found = reported(shipped("reply-picker", tmp_path, "reply-picker/spec.yaml", edit), "CHK243")
    assert [each.location.text.strip() for each in found] == [fields[0]] * refused


def test_full_tuning_shows_no_adapter_and_says_that_it_has_none(make_spec: MakeSpec) -> None:
    path = make_spec(with_training("    sft: {tuning: full, peft: {r: 8, lora_alpha: 16}}\n"))
    (found,) = reported(path, "PLN403")
    assert "`training.sft.peft` is set, but `tuning: full`" in found.message
    assert found.location.text[found.location.column - 1 : found.location.end_column - 1] == "peft"
    stages = {stage.name: {each.name for each in stage.settings} for stage in planned(path).stages}
    assert not stages["sft"] & {"r", "lora_alpha"}
    assert {"r", "lora_alpha"} <= stages["dpo"]
    assert reported(make_spec(with_training("    sft: {tuning: full}\n")), "PLN403") == []


def test_a_marker_is_for_plans_that_learn_chains(make_spec: MakeSpec) -> None:
    (found,) = reported(make_spec(MARKER), "PLN403")
    assert "`evaluation.answerMarker` is set" in found.message
    assert reported(make_spec(*CHAINS, MARKER, demos=CHAIN_ROWS), "PLN403") == []


def test_a_blank_marker_is_refused(make_spec: MakeSpec) -> None:
    (found,) = reported(make_spec(("  gaps:\n", '  evaluation: {answerMarker: "  "}\n  gaps:\n')), "SPC104")
    assert "`spec.evaluation.answerMarker`" in found.message


def test_one_gpu_shares_no_model(make_spec: MakeSpec) -> None:
    (found,) = reported(make_spec(profile=with_gpu("count: 1, sharding: zero2")), "PLN403")
    assert "`gpu.sharding: zero2`" in found.message
    assert found.location.path.endswith("clusters/small.yaml")
    for fine in (
        "count: 2, sharding: zero2",
        "count: 1, nodes: 2, sharding: zero2",
        "count: 1, sharding: ddp",
        "count: 1",
    ):
        assert reported(make_spec(profile=with_gpu(fine)), "PLN403") == []


def test_what_kueue_alone_reads_needs_a_queue_and_several_pods(make_spec: MakeSpec) -> None:
    topology = with_gpu("nodes: 2, topology: {level: rack}")
    queued = topology.replace("spec:\n", "spec:\n  queue: research\n  priorityClass: overnight\n")
    assert reported(make_spec(profile=queued), "PLN403") == []
    one_node = reported(make_spec(profile=queued.replace("nodes: 2, ", "")), "PLN403")
    assert ["a stage has one pod" in each.message for each in one_node] == [True]
    unqueued = reported(make_spec(profile=queued.replace("  queue: research\n", "")), "PLN403")
    assert sorted(each.message.split("`")[1] for each in unqueued) == ["gpu.topology", "priorityClass"]
    assert all(each.location.path.endswith("clusters/small.yaml") for each in unqueued)


def test_a_plan_that_begins_with_a_digit_has_no_jobsets(make_spec: MakeSpec) -> None:
    name = ("name: shop", "name: 3d-print")
    profile = with_gpu("nodes: 2").replace("spec:\n", "spec:\n  output: jobset\n")
    (found,) = reported(make_spec(name, profile=profile), "PLN410")
    assert found.location.text == "  name: 3d-print"
    assert reported(make_spec(name, profile=with_gpu("nodes: 2")), "PLN410") == []
    assert reported(make_spec(profile=profile), "PLN410") == []


@pytest.mark.parametrize(
    ("share", "has_general", "codes"),
    [(0.2, True, []), (0.2, False, ["PLN403"]), (0.0, False, []), (None, True, []), (None, False, [])],
)
def test_a_share_of_no_general_text_is_reported_and_shown(
    tmp_path: Path, share: float | None, has_general: bool, codes: list[str]
) -> None:
    edits = [SHARE] if share is None else [(SHARE[0], SHARE[0].replace("0.2", str(share)))]
    path = shipped("poetry-tutor", tmp_path, "poetry-tutor/spec.yaml", *edits, *([] if has_general else [NO_GENERAL]))
    found = reported(path, "PLN403")
    assert [each.code for each in found] == codes
    assert all("no general text to replay" in each.message for each in found)
    (cpt,) = (stage for stage in planned(path).stages if stage.method == "cpt")
    source = next(each.source for each in cpt.settings if each.name == "replay_share")
    assert source.endswith("because no data has the purpose `general`") is (not has_general and share != 0)


@pytest.mark.parametrize(
    ("access", "method", "unused"),
    [
        ("text\n    endpoint: http://127.0.0.1:8000/v1", "teacher", []),
        ("weights", "distill", ["temperature: 0", "requestsPerMinute: 600"]),
    ],
)
def test_settings_of_a_teacher_that_a_plan_does_not_use(
    tmp_path: Path, access: str, method: str, unused: list[str]
) -> None:
    edit = ("text\n    endpoint: http://127.0.0.1:8000/v1", access)
    path = shipped("mail-triage", tmp_path, "mail-triage/spec.yaml", edit)
    assert any(stage.method == method for stage in planned(path).stages)
    found = [each for each in reported(path, "PLN403") if "teacher.ask" in each.message]
    assert [each.location.text.strip() for each in found] == unused


def test_a_teacher_without_an_endpoint_gets_no_requests(make_spec: MakeSpec) -> None:
    teacher = (
        '  teacher:\n    {name: big, revision: "1", access: weights, license: MIT, outputsMayTrain: true,\n'
        "     ask: {samples: 2, concurrency: 8}}\n  data:\n"
    )
    path = make_spec(CHAINS[1], ("  data:\n", teacher))
    assert "teacher" in [stage.method for stage in planned(path).stages]
    (found,) = reported(path, "PLN403")
    assert found.message.startswith("`teacher.ask.concurrency` is set, but the teacher has no endpoint")


def test_right_answers_of_a_metric_between_0_and_1_need_a_passing_score(make_spec: MakeSpec) -> None:
    teacher = (
        '  teacher:\n    {name: big, revision: "1", access: weights, license: MIT, outputsMayTrain: true,\n'
        "    ask: {keep: verified, samples: 2}}\n  data:\n"
    )
    evidence = ("metric: exact_match", "metric: token_f1")
    silent = make_spec(CHAINS[1], ("  data:\n", teacher), ("- name: exact_match\n", "- name: token_f1\n"), evidence)
    codes = [each.code for each in make_plan(silent, "spec.yaml").diagnostics if each.severity == "error"]
    assert codes == ["PLN417"]
    given = ("- name: exact_match\n", "- name: token_f1\n        options: {passes_at: 0.8}\n")
    plan = planned(make_spec(CHAINS[1], ("  data:\n", teacher), given, evidence))
    (work,) = [stage.config["work"] for stage in plan.stages if stage.method == "teacher"]
    assert work["keep"] == "verified"  # type: ignore[index]
