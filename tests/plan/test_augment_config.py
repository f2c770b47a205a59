"""The augmentation of a spec: its config, who writes, what it may cost, and what its rows may never become."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import SPEC, MakeSpec, badcases, held_out, write_rows

from compiler.pipeline.phases import compile_spec, make_plan
from compiler.plan.model import Plan, Stage
from runtime.contract.augmentation import AugmentStage
from runtime.contract.read import read_stage

ENDPOINT = "https://writer.example.com:8443/v1"
TEACHER = f"""\
  teacher:
    name: large-chat
    revision: "3"
    access: text
    endpoint: {ENDPOINT}
    license: apache-2.0
    outputsMayTrain: true
    price: {{input: 1.5, output: 6}}
    ask: {{concurrency: 9}}
"""
SERVING = "  serving: {endpoint: 'http://model.example.com/v1'}\n"
CORPUS = "    - {name: manuals, purpose: corpus, shape: text, path: data/manuals.jsonl}\n"
GPU_PROFILE = """\
apiVersion: trainspec.dev/v1
kind: ClusterProfile
metadata: {name: small}
spec:
  namespace: training
  image: registry.example.com/runtime@sha256:%s
  cpu: "2"
  memory: 8Gi
  gpu: {type: L4, count: 1, memoryGib: 24, hourlyUsd: 0.5}
  secrets:
    - {env: TEACHER_API_KEY, secret: keys, key: teacher}
    - {env: MODEL_API_KEY, secret: keys, key: model}
  storage: {modelsClaim: models, dataClaim: specs, outputsSize: 10Gi}
""" % ("0123456789abcdef" * 4)


def project_of(make_spec: MakeSpec, *blocks: str, texts: int = 20, **rows: Any) -> Path:
    """A spec with few badcases and a corpus, with more blocks of its `spec`."""
    edited = SPEC.replace("  data:\n", f"{''.join(blocks)}  data:\n{CORPUS}")
    path = make_spec(spec=edited, profile=GPU_PROFILE, badcases=badcases(4), evidence={}, **rows)
    write_rows(path.parent / "data" / "manuals.jsonl", [{"text": f"Pump {at} fills tank {at}."} for at in range(texts)])
    return path


def planned(path: Path) -> tuple[Plan, Stage, set[str]]:
    outcome = make_plan(path, "specs/shop/spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    (stage,) = outcome.value.stages
    return outcome.value, stage, {each.code for each in outcome.diagnostics}


def test_a_teacher_writes_and_the_runtime_reads_the_config(make_spec: MakeSpec) -> None:
    plan, stage, codes = planned(project_of(make_spec, TEACHER))
    config = read_stage(dict(stage.config), "augment.yaml")
    assert isinstance(config, AugmentStage)
    assert (config.work.concurrency, config.work.price and config.work.price.output) == (9, 6.0)
    assert [block.path for block in config.corpus] == ["data/manuals.jsonl"]
    assert [block.path for block in config.held_out] == ["data/held-out.jsonl"]
    assert "PLN420" not in codes
    assert stage.gpus(1) == 1  # the model judges statements by its weights
    assert plan.worst_cost_usd == 2.0  # four hours


def test_the_calls_are_estimated_before_anything_runs(make_spec: MakeSpec) -> None:
    _, stage, _ = planned(project_of(make_spec, TEACHER, "  augmentation: {maxRows: 50}\n"))
    budget = next(each for each in stage.settings if each.name == "budget")
    # 20 texts, 8 facts in each, 50 rows of two calls, and half as many again
    assert budget.value == {"calls": int(1.5 * (20 + 160 + 100))}
    assert "20 passages, 160 facts, 50 rows" in budget.source


def test_a_spec_limits_calls_and_money(make_spec: MakeSpec) -> None:
    own = "  augmentation: {kinds: [atomic], maxRows: 30, maxCalls: 99, maxUsd: 7.5, deadlineMinutes: 60}\n"
    plan, stage, _ = planned(project_of(make_spec, TEACHER, own))
    assert (stage.config["work"]["kinds"], stage.config["work"]["budget"]) == (["atomic"], {"calls": 99, "usd": 7.5})
    assert (stage.deadline_seconds, plan.worst_cost_usd) == (3600, 0.5 + 7.5)


def test_money_without_a_price_is_reported(make_spec: MakeSpec) -> None:
    free = TEACHER.replace("    price: {input: 1.5, output: 6}\n", "")
    assert "PLN403" in planned(project_of(make_spec, free, "  augmentation: {maxUsd: 1}\n"))[2]


def test_without_a_teacher_the_base_model_writes_and_the_plan_says_so(make_spec: MakeSpec) -> None:
    _, stage, codes = planned(project_of(make_spec))
    assert "PLN420" in codes
    assert "teacher" not in stage.config
    assert stage.gpus(1) == 1


@pytest.mark.parametrize(("blocks", "ports", "keys"), [
    ((TEACHER,), {8443}, {"TEACHER_API_KEY"}),
    ((TEACHER, SERVING), {8443, 80}, {"TEACHER_API_KEY", "MODEL_API_KEY"}),
    ((SERVING,), {80}, {"MODEL_API_KEY"}),
    ((), set(), set()),
])  # fmt: skip
def test_a_job_reaches_only_the_endpoints_that_it_queries(
    make_spec: MakeSpec, blocks: tuple[str, ...], ports: set[int], keys: set[str]
) -> None:
    path = project_of(make_spec, *blocks)
    outcome = compile_spec(path, "specs/shop/spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    files = {each.name: each.text for each in outcome.value.bundle.files}
    policies = [yaml.safe_load(text) for name, text in files.items() if name.endswith("-policy.yaml")]
    opened = {
        port["port"]
        for policy in policies
        for rule in policy["spec"].get("egress", ())
        for port in rule["ports"]
        if port["port"] != 53
    }
    job = yaml.safe_load(files["01-augment.job.yaml"])
    pod = job["spec"]["template"]["spec"]["containers"][0]
    secret = {each["name"] for each in pod["env"] if "valueFrom" in each}
    assert (opened, secret) == (ports, keys)
    assert ("nvidia.com/gpu" in pod["resources"]["limits"]) == (SERVING not in blocks)


def test_a_teacher_whose_licence_forbids_it_writes_nothing(make_spec: MakeSpec) -> None:
    path = project_of(make_spec, TEACHER.replace("outputsMayTrain: true", "outputsMayTrain: false"))
    outcome = make_plan(path, "specs/shop/spec.yaml")
    assert outcome.value is not None
    assert outcome.value.stages == ()
    assert any("licence allows training on its output" in advice for _, advice in outcome.value.selection.advice)


@pytest.mark.parametrize("mark", [True, "true"])
def test_rows_that_a_model_wrote_are_refused_for_evaluation(make_spec: MakeSpec, mark: object) -> None:
    rows = [row | ({"synthetic": mark} if at in (3, 7) else {}) for at, row in enumerate(held_out())]
    outcome = make_plan(project_of(make_spec, TEACHER, held_out=rows), "specs/shop/spec.yaml")
    (found,) = [each for each in outcome.diagnostics if each.code == "CHK250"]
    assert outcome.value is None
    assert "a model wrote 2 rows of `held-out`, on which stages are evaluated" in found.message
    assert "`data/held-out.jsonl:4`, `data/held-out.jsonl:8`" in found.message


def test_rows_that_a_model_wrote_are_no_badcases(make_spec: MakeSpec) -> None:
    rows = [*badcases(3), *badcases(1, id="made", prompt="made?", synthetic=True)]
    outcome = make_plan(make_spec(badcases=rows), "specs/shop/spec.yaml")
    (found,) = [each for each in outcome.diagnostics if each.code == "CHK250"]
    assert "a model wrote 1 row of `badcases`" in found.message


def test_written_rows_are_demonstrations(make_spec: MakeSpec) -> None:
    """The columns of a written row are read as those of any other."""
    made = {
        "id": "augment-1",
        "synthetic": True,
        "provenance": {"kind": "atomic", "rows": ["a.jsonl:1"], "calls": ["x"]},
    }
    rows = [{"prompt": f"made {at}?", "completion": f"made {at}"} | made for at in range(60)]
    outcome = make_plan(make_spec(demos=rows), "specs/shop/spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
