"""What people see of plans in a cluster, and of the cluster itself: `status`, `logs`, and whom they ask."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from cluster.player import gate
from cluster.shop import Shop
from conftest import PROFILE, SPEC, MakeSpec

from compiler.cluster.api import Api
from compiler.cluster.connect import Target
from compiler.cluster.problems import ClusterError


def told(shop: Shop, command: str, path: Path, *more: str) -> Any:
    return shop.call(command, str(path), *more, "--kubeconfig", str(shop.kubeconfig))


@pytest.fixture
def second(shop: Shop, make_spec: MakeSpec) -> Path:
    """The spec of another plan in the same namespace."""
    profile = PROFILE.replace("namespace: training", f"namespace: {shop.namespace}")
    spec = make_spec(name="zoo", spec=SPEC.replace("name: shop", "name: zoo"), profile=profile)
    assert shop.call("compile", str(spec)).exit_code == 0
    return spec


def test_a_plan_that_cannot_be_told_hides_no_other(shop: Shop, second: Path) -> None:
    names = {"managed-by": "trainspec", "component": "ledger", "part-of": "shop"}
    labels = {f"app.kubernetes.io/{name}": value for name, value in names.items()}
    foreign = {"metadata": {"name": "shop-ledger", "labels": labels}, "data": {"mine": "x"}}
    told(shop, "apply", second)
    shop.player.core.create_namespaced_config_map(shop.namespace, foreign)
    done = told(shop, "status", second.parent.parent, "--output", "json")
    assert done.exit_code == 1
    assert "CLU614" in done.stderr
    (plan,) = json.loads(done.stdout)["plans"]
    assert (plan["plan"], plan["namespace"], plan["state"]) == ("zoo", shop.namespace, "going")
    table = told(shop, "status", second.parent.parent)
    assert f"zoo (namespace {shop.namespace})" in table.stdout
    assert "shop (namespace" not in table.stdout


def test_a_plan_without_jobs_is_named(shop: Shop) -> None:
    for path in (shop.folder / "jobs").glob("*"):
        path.unlink()
    kept = shop.spec.read_text(encoding="utf-8")
    shop.spec.write_text(kept.replace("runsEndToEnd: true", "runsEndToEnd: false"), encoding="utf-8")
    assert shop.call("compile", str(shop.spec)).exit_code == 0
    for command, more in (("status", ()), ("collect", ("--cluster",))):
        done = told(shop, command, shop.folder, *more)
        assert done.exit_code == 0, done.stderr
        assert "this plan has no Jobs" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("command", "more"), [("status", ()), ("logs", ()), ("cancel", ()), ("collect", ("--cluster",))]
)
def test_a_namespace_that_is_missing_is_no_empty_one(shop: Shop, command: str, more: tuple[str, ...]) -> None:
    profile = next(shop.spec.parent.parent.glob("clusters/*.yaml"))
    profile.write_text(profile.read_text().replace(shop.namespace, "nowhere-at-all"))
    shop.call("compile", str(shop.spec))
    done = told(shop, command, shop.folder, *more)
    assert done.exit_code == 4
    assert "there is no namespace `nowhere-at-all`" in done.stderr


def test_a_spec_stands_for_its_plan(shop: Shop) -> None:
    told(shop, "apply", shop.spec.parent)
    shop.player.start(shop.job("evaluate-base"), "a line\n")
    assert told(shop, "logs", shop.spec.parent).stdout == "a line\n"
    assert "cancelled `evaluate-base`" in told(shop, "cancel", shop.spec).stdout
    assert "nothing is measured yet" in told(shop, "collect", shop.spec.parent, "--cluster").stdout


def test_a_stage_whose_job_is_gone_is_told_as_such(shop: Shop) -> None:
    shop.apply()
    base = shop.job("evaluate-base")
    shop.player.finish(base, gate("continue"))
    shop.player.delete(base)
    assert shop.states()["evaluate-base"] == "result not read"
    assert f"trainspec apply {shop.folder}" in told(shop, "status", shop.folder).stdout
    for _ in range(2):
        assert "`evaluate-base` has ended unseen, and its result is read" in shop.apply().stdout
    assert shop.states()["evaluate-base"] == "reading its result"


def test_a_log_that_has_not_begun_is_not_an_empty_one(shop: Shop) -> None:
    done = told(shop, "logs", shop.folder)
    assert done.exit_code == 1
    assert "`evaluate-base` has no log: it has no Job" in done.stderr
    shop.apply()
    shop.player.hold(shop.job("evaluate-base"), "ImagePullBackOff", "no such image")
    done = told(shop, "logs", shop.folder)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "`evaluate-base` has no log: ImagePullBackOff: no such image" in done.stderr
    assert "image of the profile" in done.stderr


def test_a_log_is_waited_for(shop: Shop) -> None:
    shop.apply()
    job = shop.job("evaluate-base")
    reader = shop.begin("logs", str(shop.folder), "-f", "--kubeconfig", str(shop.kubeconfig))
    assert reader.stderr is not None
    assert reader.stderr.readline() == "waiting for `evaluate-base`: no pod yet\n"
    shop.player.hold(job, "ContainerCreating")
    assert "ContainerCreating" in reader.stderr.readline()
    shop.player.start(job, "a line\n")
    out, err = reader.communicate(timeout=60)
    assert (reader.returncode, out, err) == (0, "a line\n", "")


def test_the_log_of_a_stage_that_is_done_and_gone_is_not_waited_for(shop: Shop) -> None:
    shop.apply()
    base = shop.job("evaluate-base")
    shop.player.finish(base, gate("continue"))
    shop.apply()
    shop.player.delete(base)
    done = told(shop, "logs", shop.folder, "evaluate-base", "-f")
    assert done.exit_code == 1
    assert "it has no Job" in done.stderr


def test_a_command_names_the_cluster_that_it_asks(shop: Shop) -> None:
    done = shop.apply()
    assert done.stderr.startswith("cluster: https://127.0.0.1:")
    assert f" of {shop.kubeconfig})" in done.stderr.splitlines()[0]


def test_a_server_that_does_not_answer_is_waited_for_aloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config"
    config.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: x\nusers: [{name: x, user: {token: t}}]\n"
        "clusters: [{name: x, cluster: {server: 'http://127.0.0.1:9'}}]\n"
        "contexts: [{name: x, context: {cluster: x, user: x}}]\n",
        encoding="utf-8",
    )
    began = time.monotonic()
    with pytest.raises(ClusterError):
        Api(Target(kubeconfig=config), patience=8.0).get("/api/v1/namespaces/default/configmaps/x")
    assert time.monotonic() - began < 30
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("no answer from http://127.0.0.1:9: ")
    assert line.endswith("; waiting for it, up to 8 s")
