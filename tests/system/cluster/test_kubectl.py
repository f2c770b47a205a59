"""kubectl accepts every shipped plan, and applying one again changes nothing."""

from pathlib import Path
from typing import Any

import pytest
from system.cluster.kubectl import PLANS, Kubectl, namespace_of_its_own, overlay
from system.cluster.server import Server

KINDS = ("jobs", "configmaps", "networkpolicies", "persistentvolumeclaims")

kubectl = pytest.fixture(scope="module")(namespace_of_its_own)


@pytest.fixture(scope="module")
def plans(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All plans as one kustomization."""
    assert len(PLANS) >= 19
    return overlay(tmp_path_factory.mktemp("plans") / "all", PLANS, kubectl.namespace)


def test_every_plan_is_applied_once_and_then_unchanged(kubectl: Kubectl, plans: Path, server: Server) -> None:
    kubectl.ok("apply", "--dry-run=server", "-k", plans)
    before = kubectl.run("diff", "--server-side", "-k", plans)
    assert (before.returncode, before.stderr) == (1, "")
    lines = kubectl.ok("apply", "--server-side", "-k", plans).splitlines()
    first = kubectl.objects(*KINDS)
    assert len(lines) == len(first) > 100
    assert kubectl.ok("diff", "--server-side", "-k", plans) == ""
    assert kubectl.ok("apply", "--server-side", "-k", plans).splitlines() == lines
    again = kubectl.objects(*KINDS)
    assert {each: found.get("spec") for each, found in first.items()} == {
        each: found.get("spec") for each, found in again.items()
    }
    # controllers may write the status of these in between
    moving = ("Job", "PersistentVolumeClaim") if server.state is None else ()
    assert versions(first, moving) == versions(again, moving)


def versions(found: dict[tuple[str, str], dict[str, Any]], but: tuple[str, ...]) -> dict[tuple[str, str], str]:
    return {each: one["metadata"]["resourceVersion"] for each, one in found.items() if each[0] not in but}


def test_a_user_who_may_only_read_is_refused(kubectl: Kubectl, server: Server) -> None:
    if not server.viewer.is_file():
        pytest.skip(f"no `{server.viewer.name}` beside the kubeconfig")
    viewer = Kubectl(kubeconfig=server.viewer, namespace=kubectl.namespace)
    refused = viewer.run("create", "configmap", "mine")
    assert refused.returncode == 1
    assert "forbidden" in refused.stderr.lower()
    viewer.ok("get", "jobs")
