"""The suspended Jobs of `docs/gitops.md`, and `trainspec access`, on an API server."""

import json
import time
from pathlib import Path

import pytest
from support.command import invoke
from support.gitops_page import lay_down
from system.cluster.kubectl import Kubectl, namespace_of_its_own, overlay
from system.cluster.player import gate
from system.cluster.shop import Shop

kubectl = pytest.fixture(namespace_of_its_own)
MAY = {
    ("runner", "create", "jobs.batch"): "yes",
    ("runner", "delete", "jobs.batch"): "yes",
    ("runner", "patch", "networkpolicies.networking.k8s.io"): "yes",
    ("runner", "get", "pods/log"): "yes",
    ("runner", "update", "configmaps"): "no",
    ("runner", "get", "secrets"): "no",
    ("runner", "create", "pods/exec"): "no",
    ("reader", "get", "jobs.batch"): "yes",
    ("reader", "create", "jobs.batch"): "no",
    ("reader", "get", "secrets"): "no",
}
START = json.dumps({"spec": {"suspend": False}})
PROFILE = Path(__file__).parents[3] / "specs" / "clusters" / "gpu-l40s.yaml"


@pytest.fixture
def suspended(kubectl: Kubectl, tmp_path: Path) -> Path:
    """The page's folder of suspended Jobs, in a fresh namespace."""
    _, folder = lay_down(tmp_path)
    return overlay(tmp_path / "deploy" / "test", [folder], kubectl.namespace)


def jobs(kubectl: Kubectl) -> dict[str, bool]:
    """Return by Job whether it is suspended."""
    return {name: found["spec"]["suspend"] for (_, name), found in kubectl.objects("jobs").items()}


def test_a_started_job_is_not_suspended_again_by_server_side_apply(kubectl: Kubectl, suspended: Path) -> None:
    kubectl.ok("apply", "--server-side", "-k", suspended)
    assert len(jobs(kubectl)) == 6
    assert set(jobs(kubectl).values()) == {True}
    first = min(name for name in jobs(kubectl) if "evaluate-base" in name)
    kubectl.ok("patch", "job", first, "--type", "merge", "--patch", START)
    again = kubectl.run("apply", "--server-side", "-k", suspended)
    assert again.returncode == 1
    assert ".spec.suspend" in again.stderr
    assert [name for name, waits in jobs(kubectl).items() if not waits] == [first]
    kubectl.run("apply", "-k", suspended)
    assert set(jobs(kubectl).values()) == {True}, "the page says that client-side apply suspends it again"


def delivered(shop: Shop, folder: Path, manager: str) -> None:
    """Apply a folder and take over all fields of its objects, like a reconciler."""
    kubectl = Kubectl(kubeconfig=shop.kubeconfig, namespace=shop.namespace)
    kubectl.ok("apply", "--server-side", "--force-conflicts", "--field-manager", manager, "-k", folder)


def test_apply_starts_the_stages_of_a_plan_that_a_reconciler_delivers(shop: Shop, tmp_path: Path) -> None:
    without, _ = lay_down(tmp_path / "git", shop.folder)
    delivered(shop, without, "argocd-controller")
    assert shop.player.jobs() == []
    assert shop.run_to_the_end() == [each.name for each in shop.plan.stages]
    delivered(shop, without, "argocd-controller")
    assert "complete, nothing to do" in shop.apply().stdout


def test_apply_waits_for_a_suspended_job(shop: Shop, tmp_path: Path) -> None:
    _, suspended = lay_down(tmp_path / "git", shop.folder)
    delivered(shop, suspended, "kustomize-controller")
    created = sorted(shop.player.jobs())
    assert "`evaluate-base` waits: Suspended" in shop.apply().stdout
    assert set(shop.states().values()) == {"queued"}
    base = shop.job("evaluate-base")
    kubectl = Kubectl(kubeconfig=shop.kubeconfig, namespace=shop.namespace)
    kubectl.ok("patch", "job", base, "--type", "merge", "--patch", START)
    shop.player.finish(base, gate("continue"))
    assert "`sft` waits: Suspended" in shop.apply().stdout
    assert shop.states()["sft"] == "queued"
    assert sorted(shop.player.jobs()) == created


def test_an_object_that_a_reconciler_left_outdated_is_reported(shop: Shop, tmp_path: Path) -> None:
    without, _ = lay_down(tmp_path / "git", shop.folder)
    policy = without / "../../specs/nl2sql/plan/network-policy.yaml"
    now = policy.read_text(encoding="utf-8")
    policy.write_text(now.replace("policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]"), encoding="utf-8")
    delivered(shop, without, "argocd-controller")
    done = shop.apply()
    assert done.exit_code == 1
    assert "CLU607" in done.stderr
    assert "`argocd-controller` has changed" in done.stderr
    policy.write_text(now, encoding="utf-8")
    delivered(shop, without, "argocd-controller")
    assert "started evaluate-base" in shop.apply().stdout


def applied_access(kubectl: Kubectl, folder: Path) -> str:
    """Apply the objects of `trainspec access` for the namespace; return their text."""
    profile = folder / "own.yaml"
    text = PROFILE.read_text(encoding="utf-8")
    profile.write_text(text.replace("namespace: trainspec", f"namespace: {kubectl.namespace}"), encoding="utf-8")
    printed = invoke("access", str(profile), "--ci", "user:runner", "--reader", "group:people")
    done = kubectl.run("apply", "--server-side", "-f", "-", text=printed.stdout)
    assert done.returncode == 0, done.stderr
    return printed.stdout


def test_the_objects_of_access_are_accepted_and_then_unchanged(kubectl: Kubectl, tmp_path: Path) -> None:
    text = applied_access(kubectl, tmp_path)
    before = versions(kubectl)
    assert len(before) == 6
    assert kubectl.ok("diff", "--server-side", "-f", "-", text=text) == ""
    time.sleep(1)  # managed fields keep the time of an apply in seconds; a difference must show
    kubectl.ok("apply", "--server-side", "-f", "-", text=text)
    assert versions(kubectl) == before


def versions(kubectl: Kubectl) -> dict[tuple[str, str], str]:
    found = kubectl.objects("networkpolicies", "roles", "rolebindings")
    (own,) = json.loads(
        kubectl.ok("get", "namespaces", "--output", "json", f"--field-selector=metadata.name={kubectl.namespace}")
    )["items"]
    return {each: one["metadata"]["resourceVersion"] for each, one in ({("Namespace", "own"): own} | found).items()}


def test_the_cluster_allows_what_the_roles_say(kubectl: Kubectl, tmp_path: Path) -> None:
    if "selfsubjectaccessreviews" not in kubectl.run("api-resources").stdout:
        pytest.skip("this API server has no access reviews; tests/contract/test_access.py covers the roles")
    applied_access(kubectl, tmp_path)
    groups = {"runner": "nobody", "reader": "people"}
    answers = {
        (user, verb, resource): kubectl.run(
            "auth", "can-i", verb, resource, "--as", user, "--as-group", groups[user]
        ).stdout.strip()
        for user, verb, resource in MAY
    }
    assert answers == MAY
