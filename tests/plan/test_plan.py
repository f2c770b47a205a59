"""Names and hashes: a Job's name changes with its result, and only then."""

from pathlib import Path

import pytest
from conftest import PROFILE, MakeSpec, badcases, demos, held_out, write_rows

from compiler.pipeline.phases import make_plan

TRAINER = ("  gaps:\n", "  training:\n    sft:\n      trainer: {learning_rate: 0.001}\n  gaps:\n")
DEADLINE = ("  gaps:\n", "  training:\n    sft:\n      deadlineMinutes: 7\n  gaps:\n")


def jobs(path: Path) -> dict[str, str]:
    outcome = make_plan(path, "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    return {stage.name: stage.job for stage in outcome.value.stages}


def changed(make_spec: MakeSpec, *edits: tuple[str, str], **files) -> set[str]:
    before = jobs(make_spec())
    after = jobs(make_spec(*edits, **files))
    return {name for name in before if before[name] != after[name]}


ALL = {"evaluate-base", "sft", "evaluate-sft", "pairs", "dpo", "evaluate-dpo"}
EVALUATIONS = {name for name in ALL if name.startswith("evaluate")}
FROM_SFT = ALL - {"evaluate-base"}


@pytest.mark.parametrize(
    ("edit", "stages"),
    [
        (TRAINER, FROM_SFT),
        (("  gaps:\n", "  seed: 7\n  gaps:\n"), ALL),
        (("  gaps:\n", "  rerun: 1\n  gaps:\n"), ALL),
        (("target: 0.9", "target: 0.8"), EVALUATIONS),
        (DEADLINE, set()),
        (("task: answer questions about orders", "task: 回答问题"), set()),
        (("    - kind: unstable\n", "    - kind: unstable\n      statement: seen often\n"), set()),
    ],
)
def test_edits_of_the_spec(make_spec: MakeSpec, edit: tuple[str, str], stages: set[str]) -> None:
    assert changed(make_spec, edit) == stages


def test_a_new_revision_makes_every_stage_anew(make_spec: MakeSpec) -> None:
    revision, measured = ('revision: "1"', 'revision: "2"'), ("model: tiny/1", "model: tiny/2")
    assert changed(make_spec, revision, measured) == ALL


@pytest.mark.parametrize(
    ("old", "new", "stages"),
    [
        ("namespace: training", "namespace: elsewhere", set()),
        ("  storage:\n", "  queue: research\n  storage:\n", set()),
        ("memory: 8Gi", "memory: 16Gi", set()),
        ("@sha256:0", "@sha256:f", ALL),
        ("  storage:\n", "  gpu: {type: H100, count: 1, memoryGib: 80}\n  storage:\n", ALL),
    ],
)
def test_edits_of_the_profile(make_spec: MakeSpec, old: str, new: str, stages: set[str]) -> None:
    assert changed(make_spec, profile=PROFILE.replace(old, new)) == stages


def test_data_that_changes_changes_the_stages_that_read_it(make_spec: MakeSpec) -> None:
    assert changed(make_spec, demos=demos(61)) == FROM_SFT


def test_stages_form_a_chain(make_spec: MakeSpec) -> None:
    plan = make_plan(make_spec(), "spec.yaml").value
    assert plan is not None
    assert [stage.name for stage in plan.stages] == [
        "evaluate-base",
        "sft",
        "evaluate-sft",
        "pairs",
        "dpo",
        "evaluate-dpo",
    ]
    assert [stage.needs for stage in plan.stages] == ["", *(stage.job for stage in plan.stages[:-1])]
    sft, pairs, dpo, last = plan.stages[1], *plan.stages[3:]
    assert [block["path"] for block in dpo.config["data"]] == [f"{pairs.job}/preference.jsonl"]
    assert dpo.config["model"]["adapters"] == [f"{sft.job}/adapter"]  # type: ignore[index]
    assert last.config["model"]["adapters"] == [f"{sft.job}/adapter", f"{dpo.job}/adapter"]  # type: ignore[index]
    assert last.config["gate"]["baseline"] == plan.stages[2].job  # type: ignore[index]


# diagnostics that the small project of these tests always gets: few rows, and gaps that no probe measured
USUAL = {"PLN408", "SEL310"}


def codes(path: Path) -> list[str]:
    return [found.code for found in make_plan(path, "spec.yaml").diagnostics if found.code not in USUAL]


HELPFULNESS = ("metric: exact_match", "metric: helpfulness")
EXECUTION = ("metric: exact_match", "metric: execution_accuracy")


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ([("name: exact_match\n", "name: helpfulness\n        use: people\n"), HELPFULNESS], "PLN401"),
        ([("name: exact_match", "name: execution_accuracy"), EXECUTION], "PLN402"),
        ([("  gaps:\n    - kind: unstable\n", "  training:\n    sft:\n      deadlineMinutes: 5\n  gaps:\n")], "PLN403"),
    ],
)
def test_impossible_plans_are_reported(make_spec: MakeSpec, edits: list[tuple[str, str]], code: str) -> None:
    rows = [{**row, "database": "shop"} for row in held_out()]  # which `execution_accuracy` needs
    assert codes(make_spec(*edits, held_out=rows)) == [code]


def test_a_plan_without_held_out_data_is_refused(make_spec: MakeSpec) -> None:
    path = make_spec(
        (
            "    - name: held-out\n      purpose: evaluation\n      shape: evaluation\n      path: data/held-out.jsonl\n",
            "",
        )
    )
    assert codes(path) == ["PLN402"]


def test_a_cap_on_cost_is_kept(make_spec: MakeSpec) -> None:
    profile = PROFILE.replace(
        "  storage:\n", "  gpu: {type: H100, count: 1, memoryGib: 80, hourlyUsd: 6}\n  storage:\n"
    )
    cap = ("    metrics:\n", "    constraints: {maxTrainingCostUsd: 50}\n    metrics:\n")
    # 2 × 240 min of training and 3 × 60 min of evaluation, on one GPU at 6 dollars an hour: 66 dollars
    assert codes(make_spec(cap, profile=profile)) == ["PLN405"]
    assert codes(make_spec((cap[0], cap[1].replace("50", "66")), profile=profile)) == []


def test_links_out_of_the_folder_are_refused(make_spec: MakeSpec, tmp_path: Path) -> None:
    path = make_spec()
    outside = tmp_path / "outside.jsonl"
    write_rows(outside, demos())
    link = path.parent / "data" / "demos.jsonl"
    link.unlink()
    link.symlink_to(outside)
    assert codes(path) == ["CHK202"]


def test_a_name_that_is_too_long_or_links_to_itself_is_reported(make_spec: MakeSpec) -> None:
    assert codes(make_spec(("path: data/demos.jsonl", f"path: {'a' * 300}"))) == ["CHK201"]
    path = make_spec()
    link = path.parent / "data" / "demos.jsonl"
    link.unlink()
    link.symlink_to(link)
    assert codes(path) == ["CHK201"]


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "user", "content": "test  0?"}, {"role": "assistant", "content": "x"}]},
        {
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": "test 0?\n"},
                {"role": "assistant", "content": "x"},
            ]
        },
    ],
)
def test_leakage_is_found_across_shapes_and_spacing(make_spec: MakeSpec, row) -> None:
    messages = ("shape: prompt-completion", "shape: messages")
    rows = [
        {"messages": [{"role": "user", "content": f"demo {i}"}, {"role": "assistant", "content": "y"}]}
        for i in range(60)
    ]
    asked, failed = (
        [each | {"prompt": [{"role": "user", "content": each["prompt"]}]} for each in made]
        for made in (held_out(), badcases())
    )
    assert codes(make_spec(messages, demos=[*rows, row], held_out=asked, badcases=failed)) == ["CHK210"]
    assert codes(make_spec(messages, demos=rows, held_out=asked, badcases=failed)) == []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('cpu: "2"', 'cpu: "0"', "SPC104"),
        ("memory: 8Gi", 'memory: "8"', "SPC104"),
        ("  storage:\n", "  gpu: {type: H100, count: 99, memoryGib: 80}\n  storage:\n", "SPC104"),
        ("  storage:\n", "  secrets: [{env: PYTHONPATH, secret: s, key: k}]\n  storage:\n", "CHK209"),
        ("image: registry", "image: reg istry", "CHK212"),
        ("  storage:\n", "  driverImage: registry.example.com/driver:1.0\n  storage:\n", "CHK212"),
    ],
)
def test_invalid_profiles_are_refused(make_spec: MakeSpec, old: str, new: str, code: str) -> None:
    assert codes(make_spec(profile=PROFILE.replace(old, new))) == [code]


@pytest.mark.parametrize(
    ("old", "new"), [("memory: 8Gi", "memory: 16Gi"), ("namespace: training", "namespace: other"), ("20Gi", "20Gi")]
)
def test_an_approved_digest_covers_what_names_of_jobs_leave_out(make_spec: MakeSpec, old: str, new: str) -> None:
    before = make_plan(make_spec(), "spec.yaml").value
    after = make_plan(make_spec(profile=PROFILE.replace(old, new)), "spec.yaml").value
    assert before is not None
    assert after is not None
    assert [stage.job for stage in before.stages] == [stage.job for stage in after.stages]
    assert (before.digest != after.digest) == (old != new)
