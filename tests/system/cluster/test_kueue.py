"""What Kueue says of a stage that it holds back is shown; its two APIs are answered by a proxy before the API server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import PROFILE, MakeSpec
from system.cluster.conftest import opened
from system.cluster.faulty import Rule, faulty
from system.cluster.server import Server
from system.cluster.shop import Shop

Told = Callable[[list[Rule]], dict[str, Any]]
PLACES = "GET /apis/visibility.kueue.x-k8s.io/{}/namespaces/.*/localqueues/research/pendingworkloads"
WORKLOADS = "GET /apis/kueue.x-k8s.io/{}/namespaces/.*/workloads"


@pytest.fixture
def queued(server: Server, make_spec: MakeSpec) -> Any:
    """A plan whose first Job a queue holds back."""
    with opened(server, make_spec, PROFILE + "  queue: research\n") as shop:
        assert shop.apply().exit_code == 0
        shop.player.batch.patch_namespaced_job(shop.job("evaluate-base"), shop.namespace, {"spec": {"suspend": True}})
        yield shop


def first(shop: Shop, folder: Path, rules: list[Rule]) -> dict[str, Any]:
    """The first stage as `status` shows it where Kueue answers by these rules."""
    with faulty(shop.kubeconfig, folder, rules) as proxy:
        told = shop.call("status", str(shop.folder), "--kubeconfig", str(proxy.kubeconfig), "--output", "json")
    assert told.exit_code == 0, told.stderr
    found: dict[str, Any] = json.loads(told.stdout)["plans"][0]["stages"][0]
    return found


def says(match: str, items: list[dict[str, Any]], version: str = "v1beta2") -> Rule:
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


def test_without_kueues_own_apis_only_the_queue_is_told(queued: Shop, tmp_path: Path) -> None:
    told = first(queued, tmp_path, [])
    assert (told["state"], told["reason"]) == ("queued", "held back by its queue")


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2"])
def test_the_place_in_the_queue_and_what_is_missing(queued: Shop, tmp_path: Path, version: str) -> None:
    owner = uid(queued)
    quota = ("QuotaReserved", "False", "Pending", "insufficient unused quota for nvidia.com/gpu, 4 more needed")
    rules = [
        says(PLACES, [pending("another", 0), pending(owner, 2)], version),
        says(WORKLOADS, [workload("another"), workload(owner, quota)], version),
    ]
    told = first(queued, tmp_path, rules)
    missing = "insufficient unused quota for nvidia.com/gpu, 4 more needed"
    assert told["reason"] == f"held back by its queue: position 3 in `research`; {missing}"


def test_a_preempted_stage_says_so(queued: Shop, tmp_path: Path) -> None:
    conditions = [
        ("QuotaReserved", "False", "Pending", "to be requeued"),
        ("Evicted", "True", "Preempted", "Preempted to accommodate a workload of higher priority"),
        ("Preempted", "True", "InClusterQueue", "Preempted to accommodate a workload of higher priority"),
    ]
    rules = [says(PLACES, [pending(uid(queued), 0)]), says(WORKLOADS, [workload(uid(queued), *conditions)])]
    told = first(queued, tmp_path, rules)
    preempted = "Preempted: Preempted to accommodate a workload of higher priority"
    assert told["reason"] == f"held back by its queue: position 1 in `research`; {preempted}"
    assert "advice" not in told, "the queue starts it again by itself"


def test_a_stage_that_the_queue_has_given_up_tells_what_to_do(queued: Shop, tmp_path: Path) -> None:
    evicted = (
        "Evicted",
        "True",
        "DeactivatedDueToMaximumExecutionTimeExceeded",
        "exceeding the maximum execution time",
    )
    told = first(queued, tmp_path, [says(WORKLOADS, [workload(uid(queued), evicted)])])
    assert "exceeding the maximum execution time" in told["reason"]
    assert "trainspec cancel" in told["advice"]


@pytest.mark.parametrize("status", [403, 503])
def test_a_queue_that_may_not_or_cannot_be_asked_costs_nothing(queued: Shop, tmp_path: Path, status: int) -> None:
    told = first(queued, tmp_path, [Rule("status", "kueue", times=99, status=status)])
    assert told["reason"] == "held back by its queue"


def test_who_follows_a_plan_sees_it_move_up(queued: Shop, tmp_path: Path) -> None:
    owner = uid(queued)
    with faulty(queued.kubeconfig, tmp_path, [says(PLACES, [pending(owner, 1)])]) as proxy:
        watching = queued.begin("apply", str(queued.folder), "--wait", "--kubeconfig", str(proxy.kubeconfig))
        try:
            assert watching.stdout is not None
            lines = iter(watching.stdout.readline, "")
            assert any("queued, held back by its queue: position 2 in `research`" in line for line in lines)
            proxy.rules[:] = [says(PLACES, [pending(owner, 0)])]
            assert any("queued, held back by its queue: position 1 in `research`" in line for line in lines)
        finally:
            watching.kill()
            watching.communicate()
