"""Views of workloads and pods: phases, results, reasons and advice from Kubernetes objects."""

from typing import Any

import pytest

from compiler.run.cluster.state.jobs import JobView, Phase, job_view, pod_view
from compiler.run.cluster.state.reasons import Place, advice, failure_reason, waiting_reason

PLACE = Place(plan="specs/x/plan", stage="train")
FAILED = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too many"}
COMPLETE = {"type": "Complete", "status": "True"}


def pod(name: str, index: int | None = None, *, container: str = "stage", **status: Any) -> dict[str, Any]:
    """A pod; `state` in `status` is the state of its container."""
    labels = {"batch.kubernetes.io/job-name": "train"}
    if index is not None:
        labels["batch.kubernetes.io/job-completion-index"] = str(index)
    state = status.pop("state", {})
    status = {"containerStatuses": [{"name": "sidecar", "state": {}}, {"name": container, "state": state}], **status}
    meta = {"name": name, "labels": labels, "creationTimestamp": f"2026-01-01T00:00:{name[-2:]}Z"}
    containers = [{"name": "sidecar"}, {"name": container}]
    return {"metadata": meta, "spec": {"containers": containers}, "status": {"phase": "Failed", **status}}


def ended(code: int, message: str = "", reason: str = "Error") -> dict[str, Any]:
    text = f'{{"exit_code": {code}, "message": "{message}"}}' if message else ""
    return {"terminated": {"exitCode": code, "reason": reason, "message": text}}


def job(*pods: dict[str, Any], condition: dict[str, Any] = FAILED) -> JobView:
    found = {"kind": "Job", "metadata": {"name": "train", "uid": "u"}, "status": {"conditions": [condition]}}
    return job_view(found, [pod_view(each) for each in pods])


@pytest.mark.parametrize("container", ["stage", "node"])
def test_the_container_of_a_stage_is_found_among_others(container: str) -> None:
    view = pod_view(pod("p-01", container=container, state=ended(65, "bad row")))
    assert (view.container, view.exit_code, view.message["message"]) == (container, 65, "bad row")


def test_the_index_is_in_a_label_or_in_an_annotation() -> None:
    annotated = pod("p-01")
    annotated["metadata"]["annotations"] = {"batch.kubernetes.io/job-completion-index": "3"}
    assert [pod_view(each).index for each in (pod("p-01"), pod("p-01", 2), annotated)] == [0, 2, 3]


def test_the_pod_of_the_first_index_has_the_result() -> None:
    view = job(pod("p-01", 1, state=ended(0, "second")), pod("p-02", 0, state=ended(0, "first")), condition=COMPLETE)
    assert view.message["message"] == "first"


@pytest.mark.parametrize("cause", [0, 1, 2])
def test_a_pod_that_ended_because_of_another_does_not_explain_the_failure(cause: int) -> None:
    pods = [pod(f"p-0{index}", index, state=ended(79, "another ended")) for index in range(3) if index != cause]
    view = job(*pods, pod("p-09", cause, state=ended(137, reason="OOMKilled")))
    assert (view.exit_code, dict(view.message)) == (137, {})
    assert failure_reason(view) == "OOMKilled, exit 137"
    assert "memory" in advice(PLACE, view, failure_reason(view))


def test_the_first_index_explains_the_failure_if_all_pods_ended_because_of_another() -> None:
    view = job(*(pod(f"p-0{index}", index, state=ended(79, f"of {index}")) for index in (2, 1)))
    assert (view.exit_code, view.message["message"]) == (79, "of 1")


def test_the_last_of_several_attempts_counts() -> None:
    tries = [pod("p-01", 0, state=ended(70, "old")), pod("p-02", 1, state=ended(79, "old"))]
    view = job(*tries, pod("p-03", 1, state=ended(65, "new")), pod("p-04", 0, state=ended(79, "new")))
    assert (view.exit_code, view.message["message"]) == (65, "new")
    alone = job(pod("p-01", state=ended(70, "old")), pod("p-02", state=ended(137)))
    assert (alone.exit_code, dict(alone.message)) == (137, {})


def test_the_leading_pod_is_the_newest_of_the_first_index() -> None:
    view = job(pod("p-01", 0), pod("p-02", 1), pod("p-03", 0), pod("p-04", 1))
    assert view.leading is not None
    assert view.leading.name == "p-03"
    assert job().leading is job().ending is None


@pytest.mark.parametrize(
    ("kind", "reason", "hint"),
    [
        ("DisruptionTarget", "PreemptionByScheduler", "priority"),
        ("TerminationTarget", "WorkloadEvictedDueToPreempted", "priority"),
        ("DisruptionTarget", "EvictionByEvictionAPI", "checkpoint"),
    ],
)
def test_the_reason_of_a_disruption_comes_before_the_exit_code(kind: str, reason: str, hint: str) -> None:
    condition = {"type": kind, "status": "True", "reason": reason, "message": "to make room"}
    view = job(pod("p-01", state=ended(143), conditions=[condition]))
    assert failure_reason(view) == f"{reason}, exit 143: to make room"
    assert hint in advice(PLACE, view, failure_reason(view))


def test_a_waiting_pod_is_the_reason_although_another_runs() -> None:
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/4 nodes"}
    running = pod("p-02", 1, phase="Running", state={"running": {}})
    view = job(pod("p-01", 0, phase="Pending", conditions=[unscheduled]), running, condition={"type": "x"})
    assert view.phase is Phase.RUNNING
    assert waiting_reason(view) == "Unschedulable: 0/4 nodes"
    assert waiting_reason(job(running, condition={"type": "x"})) == ""


def test_a_complete_job_waits_for_pods_that_are_out_of_date() -> None:
    failed, running = pod("p-01", state=ended(75)), pod("p-02", phase="Running", state={"running": {}})
    assert job(failed, running, condition=COMPLETE).is_settling
    assert not job(failed, pod("p-02", state=ended(0)), condition=COMPLETE).is_settling
    assert not job(running, condition={"type": "x"}).is_settling
    assert not job(failed, condition=COMPLETE).is_settling, "without active pods there is nothing to wait for"
