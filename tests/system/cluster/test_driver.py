"""The driver of a plan: its objects on an API server, and its command to the end of the plan."""

import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import DIGEST
from support.waiting import HUNG_SECONDS, wait_until
from system.cluster.faulty import Proxy, faulty
from system.cluster.kubectl import Kubectl
from system.cluster.player import GOOD, Controller, gate
from system.cluster.pod import Pod, parts, pod
from system.cluster.roles import permits
from system.cluster.shop import Shop, is_complete

from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.connect import Target
from compiler.run.cluster.state.ledger import Record, State, read_ledger, write

NETWORK = "10.0.0.1/32"
BAD = {"status": "failed", "exit_code": 65, "code": "RUN721", "message": "bad row", "hint": "fix it"}


@pytest.fixture
def driven(shop: Shop) -> Shop:
    """A plan whose profile names an image for its driver."""
    (profile,) = shop.spec.parent.parent.glob("clusters/*.yaml")
    image = f"  driverImage: registry.example.com/driver@sha256:{DIGEST}\n"
    text = profile.read_text(encoding="utf-8").replace("  storage:\n", f"{image}  storage:\n")
    profile.write_text(text, encoding="utf-8")
    assert shop.call("compile", str(shop.spec)).exit_code == 0
    return shop


@pytest.fixture
def inside(driven: Shop, tmp_path: Path) -> Pod:
    """A pod of its driver."""
    config_map, job = parts(printed(driven))
    return pod(tmp_path / "pod", job, config_map["data"], driven.kubeconfig)


def printed(shop: Shop) -> str:
    done = shop.call("driver", str(shop.folder))
    assert done.exit_code == 0, done.stderr
    return done.stdout


def access(shop: Shop) -> str:
    (profile,) = shop.spec.parent.parent.glob("clusters/*.yaml")
    done = shop.call("access", str(profile), "--driver", NETWORK)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def well(_: str) -> Mapping[str, Any]:
    return GOOD


def planned(shop: Shop) -> list[str]:
    return [each.name for each in shop.plan.stages]


def test_the_cluster_accepts_the_driver_and_its_account(driven: Shop) -> None:
    kubectl = Kubectl(kubeconfig=driven.kubeconfig, namespace=driven.namespace)
    for text in (printed(driven), access(driven)):
        done = kubectl.run("apply", "--server-side", "--dry-run=server", "-f", "-", text=text)
        assert done.returncode == 0, done.stderr
    text = printed(driven)
    kubectl.ok("apply", "--server-side", "-f", "-", text=text)
    assert kubectl.ok("diff", "--server-side", "-f", "-", text=text) == ""


def test_a_driver_takes_a_plan_to_its_end(driven: Shop, inside: Pod) -> None:
    kubectl = Kubectl(kubeconfig=driven.kubeconfig, namespace=driven.namespace)
    kubectl.ok("apply", "--server-side", "-f", "-", text=printed(driven))
    (own,) = driven.player.jobs()
    with Controller(driven.player, well) as controller:
        controller.known.add(driven.player.uid(own))
        done = inside.run()
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), "only the cluster is named"
    assert controller.runs == planned(driven), "its own Job does not belong to the plan, and blocks nothing"
    assert is_complete(done.stdout)
    assert set(driven.states().values()) == {"complete"}


@pytest.mark.parametrize("verdict", ["target-met", "no-gain"])
def test_a_gate_that_ends_the_plan_is_not_a_failure(driven: Shop, inside: Pod, verdict: str) -> None:
    job = driven.job("evaluate-sft")
    with Controller(driven.player, lambda name: gate(verdict) if name == job else GOOD) as controller:
        assert inside.run().returncode == 0
    assert controller.runs == planned(driven)[:3]


def test_a_failed_stage_is_not_tried_again(driven: Shop, inside: Pod) -> None:
    _, job = parts(printed(driven))
    (rule, _) = job["spec"]["podFailurePolicy"]["rules"]
    with Controller(driven.player, lambda name: BAD if "-sft-" in name else GOOD) as controller:
        done = inside.run()
    assert done.returncode in rule["onExitCodes"]["values"]
    assert "CLU610" in done.stderr
    assert controller.runs == planned(driven)[:2]
    assert inside.run().returncode == 1, "another pod would come to the same end"


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 143)])
def test_the_next_pod_resumes_after_one_was_stopped(driven: Shop, inside: Pod, sent: signal.Signals, code: int) -> None:
    first = inside.start()
    wait_until(lambda: bool(driven.player.jobs()), "a stage is started")
    first.send_signal(sent)
    first.communicate(timeout=HUNG_SECONDS)
    assert first.returncode == code
    with Controller(driven.player, well) as controller:
        assert inside.run().returncode == 0
    assert controller.runs == planned(driven)
    assert {each["starts"] for each in driven.ledger().values()} == {1}


def test_two_drivers_and_ci_start_each_stage_once(driven: Shop, inside: Pod) -> None:
    with Controller(driven.player, well) as controller:
        ci = driven.begin("apply", str(driven.folder), "--kubeconfig", str(driven.kubeconfig), "--wait")
        drivers = [inside.start(), inside.start()]
        errors = [each.communicate(timeout=HUNG_SECONDS)[1] for each in (ci, *drivers)]
        assert [each.returncode for each in (ci, *drivers)] == [0, 0, 0], errors
    assert controller.runs == planned(driven)


def test_files_that_were_not_approved_are_not_applied(driven: Shop, inside: Pod) -> None:
    file = inside.root / "specs" / "shop" / "plan" / "02-sft.job.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("runAsNonRoot: true", "runAsNonRoot: false"))
    done = inside.run()
    assert done.returncode == 1
    assert "CLU608" in done.stderr
    assert driven.player.jobs() == []


def test_a_rejected_token_may_be_accepted_at_the_next_attempt(driven: Shop, inside: Pod) -> None:
    token = inside.token.read_text(encoding="utf-8")
    inside.token.write_text("one-that-ran-out", encoding="utf-8")
    done = inside.run()
    assert done.returncode == 4
    assert "CLU603" in done.stderr
    assert "the service account of this pod" in done.stderr
    inside.token.write_text(token, encoding="utf-8")
    with Controller(driven.player, well):
        assert inside.run().returncode == 0


@pytest.fixture
def held_to_its_role(driven: Shop, inside: Pod, tmp_path: Path) -> Iterator[Proxy]:
    """An API server that enforces the role of the pod."""
    (role,) = (
        each
        for each in yaml.safe_load_all(access(driven))
        if each["kind"] == "Role" and each["metadata"]["name"].startswith("trainspec-driver")
    )
    with faulty(driven.kubeconfig, tmp_path, []) as proxy:
        proxy.permits = lambda method, path: permits(role["rules"], method, path)
        inside.env["KUBECONFIG"] = str(proxy.kubeconfig)
        yield proxy


def test_its_role_has_all_permissions_that_it_needs(driven: Shop, inside: Pod, held_to_its_role: Proxy) -> None:
    with Controller(driven.player, well) as controller:
        done = inside.run()
    assert (done.returncode, held_to_its_role.injected) == (0, []), done.stderr
    assert controller.runs == planned(driven)


def test_it_finishes_a_rerun_that_somebody_began(driven: Shop, inside: Pod, held_to_its_role: Proxy) -> None:
    driven.apply()
    base = driven.job("evaluate-base")
    driven.player.finish(base, BAD)
    driven.apply()
    uid = driven.player.uid(base)
    api = Api(Target(kubeconfig=driven.kubeconfig))
    claim = Record(stage="evaluate-base", state=State.CLAIMED, uid=uid, starts=2)
    write(api, read_ledger(api, "shop", driven.namespace), {base: claim})
    with Controller(driven.player, well) as controller:
        done = inside.run()
    assert (done.returncode, held_to_its_role.injected) == (0, []), done.stderr
    assert controller.runs == planned(driven)
    assert driven.player.uid(base) != uid
