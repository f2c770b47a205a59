"""Reasons of Kueue for a queued stage; a proxy in front of the API server responds for its two APIs."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import PROFILE, MakeSpec
from system.cluster.conftest import opened
from system.cluster.faulty import Rule, faulty
from system.cluster.server import Server
from system.cluster.shop import Shop

PLACES = "GET /apis/visibility.kueue.x-k8s.io/{}/namespaces/.*/localqueues/research/pendingworkloads"
WORKLOADS = "GET /apis/kueue.x-k8s.io/{}/namespaces/.*/workloads"


@pytest.fixture
def queued(server: Server, make_spec: MakeSpec) -> Any:
    """A plan whose first Job waits in a queue."""
    with opened(server, make_spec, PROFILE + "  queue: research\n") as shop:
        assert shop.apply().exit_code == 0
        shop.player.batch.patch_namespaced_job(shop.job("evaluate-base"), shop.namespace, {"spec": {"suspend": True}})
        yield shop


def first(shop: Shop, folder: Path, rules: list[Rule]) -> dict[str, Any]:
    """Return the row of the first stage in `status`, with the responses of Kueue in `rules`."""
    with faulty(shop.kubeconfig, folder, rules) as proxy:
        done = shop.call("status", str(shop.folder), "--kubeconfig", str(proxy.kubeconfig), "--output", "json")
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["plans"][0]["stages"][0]
    return found


def responds(match: str, items: list[dict[str, Any]], version: str = "v1beta2") -> Rule:
    body = json.dumps({"items": items}).encode()
    return Rule(
        "status", match.format(version), times=9, status=200, headers={"Content-Type": "application/json"}, body=body
    )


def uid(shop: Shop) -> str:
    return str(shop.player.batch.read_namespaced_job(shop.job("evaluate-base"), shop.namespace).metadata.uid)


def pending(owner: str, place: int) -> dict[str, Any]:
    meta = {"name": f"job-{place}", "ownerReferences": [{"kind": "Job", "name": "x", "uid": owner}]}
    return {"metadata": meta, "positionInLocalQueue": place, "positionInClusterQueue": place + 7, "priority": 0}


def workload(owner: str, *conditions: tuple[str, str, str, str]) -> dict[str, Any]:
    names = ("type", "status", "reason", "message")
    return {
        "metadata": {"name": "job-x", "labels": {"kueue.x-k8s.io/job-uid": owner}},
        "status": {"conditions": [dict(zip(names, each, strict=True)) for each in conditions]},
    }


def test_without_the_apis_of_kueue_the_reason_names_only_the_queue(queued: Shop, tmp_path: Path) -> None:
    row = first(queued, tmp_path, [])
    assert (row["state"], row["reason"]) == ("queued", "held back by its queue")


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2"])
def test_the_reason_has_the_place_in_the_queue_and_the_missing_quota(
    queued: Shop, tmp_path: Path, version: str
) -> None:
    owner = uid(queued)
    quota = ("QuotaReserved", "False", "Pending", "insufficient unused quota for nvidia.com/gpu, 4 more needed")
    rules = [
        responds(PLACES, [pending("another", 0), pending(owner, 2)], version),
        responds(WORKLOADS, [workload("another"), workload(owner, quota)], version),
    ]
    row = first(queued, tmp_path, rules)
    missing = "insufficient unused quota for nvidia.com/gpu, 4 more needed"
    assert row["reason"] == f"held back by its queue: position 3 in `research`; {missing}"


def test_the_reason_of_a_preempted_stage_is_preemption(queued: Shop, tmp_path: Path) -> None:
    conditions = [
        ("QuotaReserved", "False", "Pending", "to be requeued"),
        ("Evicted", "True", "Preempted", "Preempted to accommodate a workload of higher priority"),
        ("Preempted", "True", "InClusterQueue", "Preempted to accommodate a workload of higher priority"),
    ]
    rules = [responds(PLACES, [pending(uid(queued), 0)]), responds(WORKLOADS, [workload(uid(queued), *conditions)])]
    row = first(queued, tmp_path, rules)
    preempted = "Preempted: Preempted to accommodate a workload of higher priority"
    assert row["reason"] == f"held back by its queue: position 1 in `research`; {preempted}"
    assert "advice" not in row, "the queue starts it again by itself"


def test_a_stage_that_the_queue_deactivated_has_advice(queued: Shop, tmp_path: Path) -> None:
    evicted = (
        "Evicted",
        "True",
        "DeactivatedDueToMaximumExecutionTimeExceeded",
        "exceeding the maximum execution time",
    )
    row = first(queued, tmp_path, [responds(WORKLOADS, [workload(uid(queued), evicted)])])
    assert "exceeding the maximum execution time" in row["reason"]
    assert "trainspec cancel" in row["advice"]


@pytest.mark.parametrize("status", [403, 503])
def test_a_queue_that_cannot_be_read_is_not_an_error(queued: Shop, tmp_path: Path, status: int) -> None:
    row = first(queued, tmp_path, [Rule("status", "kueue", times=99, status=status)])
    assert row["reason"] == "held back by its queue"


def test_apply_wait_shows_a_new_place_in_the_queue(queued: Shop, tmp_path: Path) -> None:
    owner = uid(queued)
    with faulty(queued.kubeconfig, tmp_path, [responds(PLACES, [pending(owner, 1)])]) as proxy:
        watching = queued.begin("apply", str(queued.folder), "--wait", "--kubeconfig", str(proxy.kubeconfig))
        try:
            assert watching.stdout is not None
            lines = iter(watching.stdout.readline, "")
            assert any("queued, held back by its queue: position 2 in `research`" in line for line in lines)
            proxy.rules[:] = [responds(PLACES, [pending(owner, 0)])]
            assert any("queued, held back by its queue: position 1 in `research`" in line for line in lines)
        finally:
            watching.kill()
            watching.communicate()
