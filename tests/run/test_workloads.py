"""The table of workload kinds, compared with the schema's words and with the objects that are rendered."""

from pathlib import Path
from typing import get_args

import pytest
import yaml
from conftest import PROFILE, MakeSpec

from compiler.pipeline.phases import compile_spec
from compiler.run.cluster.api.kinds import KINDS, kind_of, workload_kind
from compiler.run.cluster.state.plan import ClusterPlan, rendered_cluster_plan
from compiler.spec.schema.cluster_profile import ProfileBody
from compiler.spec.workloads import OUTPUTS, WORKLOADS

GPUS = "gpu: {type: H100, nodes: 2, memoryGib: 80}"


def compiled(make_spec: MakeSpec, output: str) -> dict[str, bytes]:
    profile = PROFILE.replace("  storage:\n", f"  output: {output}\n  {GPUS}\n  storage:\n")
    outcome = compile_spec(make_spec(profile=profile), "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    return {file.name: file.text.encode() for file in outcome.value.bundle.files}


def read(files: dict[str, bytes]) -> ClusterPlan:
    plan = rendered_cluster_plan(Path("plan"), files)
    assert plan.value is not None, plan.diagnostics
    return plan.value


def test_a_profile_may_name_each_kind_and_no_other() -> None:
    assert get_args(ProfileBody.model_fields["output"].annotation) == tuple(OUTPUTS)


def test_the_api_server_keeps_each_kind_where_its_group_says() -> None:
    assert KINDS["v1 ConfigMap"].path("ns", "x") == "/api/v1/namespaces/ns/configmaps/x"
    assert workload_kind("JobSet").path("ns", "x") == "/apis/jobset.x-k8s.io/v1alpha2/namespaces/ns/jobsets/x"


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_stage_that_trains_is_rendered_as_its_row_says(make_spec: MakeSpec, output: str) -> None:
    row = OUTPUTS[output]
    stages = {stage.stage: stage for stage in read(compiled(make_spec, output)).stages}
    for stage in stages.values():
        trains = stage.stage in ("sft", "dpo")
        assert WORKLOADS[stage.workload.kind] is (row if trains else OUTPUTS["job"])
        assert kind_of(stage.workload.data) is WORKLOADS[stage.workload.kind].kind
        (container,) = stage.template["spec"]["containers"]
        assert container["name"] == WORKLOADS[stage.workload.kind].container


def test_a_service_finds_pods_by_the_label_of_their_job(make_spec: MakeSpec) -> None:
    service = yaml.safe_load(compiled(make_spec, "job")["02-sft.service.yaml"])
    assert list(service["spec"]["selector"]) == [OUTPUTS["job"].pod_labels[0]]


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_plan_with_a_finished_stage_is_read(make_spec: MakeSpec, output: str) -> None:
    """The kustomization of such a plan does not list the stage's files, and they are still in the folder."""
    files = compiled(make_spec, output)
    listed = yaml.safe_load(files["kustomization.yaml"])
    listed["resources"] = [name for name in listed["resources"] if not name.startswith("02-sft.")]
    files["kustomization.yaml"] = yaml.safe_dump(listed).encode()
    plan = read(files)
    assert [stage.stage for stage in plan.stages if stage.finished] == ["sft"]
    assert not [each.file for each in plan.supports if each.file.startswith("02-sft.")]
