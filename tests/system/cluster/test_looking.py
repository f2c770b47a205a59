"""`status`, `logs` and other commands that only read a cluster, and errors of the connection."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import urllib3
from conftest import PROFILE, SPEC, MakeSpec
from support.faulty_http import Fault, Upstream, faulty_http
from support.waiting import HUNG_SECONDS, Clock
from system.cluster.player import gate
from system.cluster.server import kubeconfig
from system.cluster.shop import Shop

from compiler.run.cluster.api import client
from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.connect import Target
from compiler.run.cluster.api.errors import ApiError, ClusterError, refusal

EXEC = "exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-program, interactiveMode: Never}"


def run(shop: Shop, command: str, path: Path, *more: str) -> Any:
    return shop.call(command, str(path), *more, "--kubeconfig", str(shop.kubeconfig))


@pytest.fixture
def second(shop: Shop, make_spec: MakeSpec) -> Path:
    """The spec of another plan in the same namespace."""
    profile = PROFILE.replace("namespace: training", f"namespace: {shop.namespace}")
    spec = make_spec(name="zoo", spec=SPEC.replace("name: shop", "name: zoo"), profile=profile)
    assert shop.call("compile", str(spec)).exit_code == 0
    return spec


def test_status_shows_the_other_plans_if_one_cannot_be_read(shop: Shop, second: Path) -> None:
    names = {"managed-by": "trainspec", "component": "ledger", "part-of": "shop"}
    labels = {f"app.kubernetes.io/{name}": value for name, value in names.items()}
    foreign = {"metadata": {"name": "shop-ledger", "labels": labels}, "data": {"mine": "x"}}
    run(shop, "apply", second)
    shop.player.core.create_namespaced_config_map(shop.namespace, foreign)
    done = run(shop, "status", second.parent.parent, "--output", "json")
    assert done.exit_code == 1
    assert "CLU614" in done.stderr
    (plan,) = json.loads(done.stdout)["plans"]
    assert (plan["plan"], plan["namespace"], plan["state"]) == ("zoo", shop.namespace, "going")
    table = run(shop, "status", second.parent.parent)
    assert f"zoo (namespace {shop.namespace})" in table.stdout
    assert "shop (namespace" not in table.stdout


def test_a_plan_without_jobs_is_named(shop: Shop) -> None:
    for path in (shop.folder / "jobs").glob("*"):
        path.unlink()
    kept = shop.spec.read_text(encoding="utf-8")
    shop.spec.write_text(kept.replace("runsEndToEnd: true", "runsEndToEnd: false"), encoding="utf-8")
    assert shop.call("compile", str(shop.spec)).exit_code == 0
    for command, more in (("status", ()), ("collect", ("--cluster",))):
        done = run(shop, command, shop.folder, *more)
        assert done.exit_code == 0, done.stderr
        assert "this plan has no Jobs" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("command", "more"), [("status", ()), ("logs", ()), ("cancel", ()), ("collect", ("--cluster",))]
)
def test_a_missing_namespace_is_an_error(shop: Shop, command: str, more: tuple[str, ...]) -> None:
    profile = next(shop.spec.parent.parent.glob("clusters/*.yaml"))
    profile.write_text(profile.read_text().replace(shop.namespace, "nowhere-at-all"))
    shop.call("compile", str(shop.spec))
    done = run(shop, command, shop.folder, *more)
    assert done.exit_code == 4
    assert "namespace `nowhere-at-all` does not exist" in done.stderr


def test_a_spec_names_its_plan(shop: Shop) -> None:
    run(shop, "apply", shop.spec.parent)
    shop.player.start(shop.job("evaluate-base"), "a line\n")
    assert run(shop, "logs", shop.spec.parent).stdout == "a line\n"
    assert "cancelled `evaluate-base`" in run(shop, "cancel", shop.spec).stdout
    assert "no results yet" in run(shop, "collect", shop.spec.parent, "--cluster").stdout


def test_status_says_that_the_result_of_a_deleted_job_is_not_read(shop: Shop) -> None:
    shop.apply()
    base = shop.job("evaluate-base")
    shop.player.finish(base, gate("continue"))
    shop.player.delete(base)
    assert shop.states()["evaluate-base"] == "result not read"
    assert f"trainspec apply {shop.folder}" in run(shop, "status", shop.folder).stdout
    for _ in range(2):
        assert "`evaluate-base` has ended, and its result is being read" in shop.apply().stdout
    assert shop.states()["evaluate-base"] == "reading its result"


def test_a_log_that_has_not_begun_is_an_error(shop: Shop) -> None:
    done = run(shop, "logs", shop.folder)
    assert done.exit_code == 1
    assert "`evaluate-base` has no log: its turn has not come" in done.stderr
    shop.apply()
    shop.player.hold(shop.job("evaluate-base"), "ImagePullBackOff", "no such image")
    done = run(shop, "logs", shop.folder)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "`evaluate-base` has no log: ImagePullBackOff: no such image" in done.stderr
    assert "image of the profile" in done.stderr


def test_logs_follow_waits_for_the_pod(shop: Shop) -> None:
    shop.apply()
    job = shop.job("evaluate-base")
    reader = shop.begin("logs", str(shop.folder), "-f", "--kubeconfig", str(shop.kubeconfig))
    assert reader.stderr is not None
    assert reader.stderr.readline().startswith("cluster: ")
    assert reader.stderr.readline() == "waiting for `evaluate-base`: no pod yet\n"
    shop.player.hold(job, "ContainerCreating")
    assert reader.stderr.readline() == "waiting for `evaluate-base`: starting\n"
    shop.player.start(job, "a line\n")
    out, err = reader.communicate(timeout=HUNG_SECONDS)
    assert (reader.returncode, out, err) == (0, "a line\n", "")


@pytest.mark.parametrize(("number", "ended"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_command_that_waits_says_how_to_go_on(shop: Shop, number: int, ended: int) -> None:
    shop.apply()
    where = ("--kubeconfig", str(shop.kubeconfig))
    for words, first, note in (
        (("logs", str(shop.folder), "-f"), "waiting for `evaluate-base`: no pod yet\n", "stopped following"),
        (("apply", str(shop.folder), "--wait"), "", "stopped; running stages continue"),
    ):
        command = shop.begin(*words, *where)
        assert command.stdout is not None
        assert command.stderr is not None
        assert command.stderr.readline().startswith("cluster: ")
        assert (command.stderr if first else command.stdout).readline().endswith(first or "is under way\n")
        command.send_signal(number)
        _, err = command.communicate(timeout=HUNG_SECONDS)
        assert command.returncode == ended, err
        assert note in err
        assert err.endswith(f": trainspec {' '.join((*words, *where))}\n")
        assert "Traceback" not in err


def test_logs_follow_does_not_wait_for_a_log_that_cannot_come(shop: Shop) -> None:
    shop.apply()
    base = shop.job("evaluate-base")
    shop.player.finish(base, gate("target-met"))
    shop.apply()
    shop.player.delete(base)
    for stage, why in (
        ("evaluate-base", "it is complete, and its Job is gone"),
        ("sft", "the plan ended before it"),
    ):
        done = run(shop, "logs", shop.folder, stage, "-f")
        assert done.exit_code == 1
        assert why in done.stderr


def test_a_command_names_its_cluster(shop: Shop) -> None:
    done = shop.apply()
    assert done.stderr.startswith("cluster: https://127.0.0.1:")
    assert f" of {shop.kubeconfig})" in done.stderr.splitlines()[0]


def test_a_wait_for_the_server_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = kubeconfig(tmp_path, "http://127.0.0.1:9")
    clock, lines = Clock(), list[str]()
    monkeypatch.setattr(client, "time", clock)
    with pytest.raises(ClusterError):
        Api(Target(kubeconfig=config), patience=20.0, notify=lines.append).get(
            "/api/v1/namespaces/default/configmaps/x"
        )
    assert 3 < clock.passed < 30
    (line,) = lines
    assert line.startswith("no response from http://127.0.0.1:9: ")
    assert line.endswith("; waiting up to 20 s")


def test_a_starting_pod_needs_no_advice(shop: Shop) -> None:
    shop.apply()
    pod = shop.player.hold(shop.job("evaluate-base"), "ContainerCreating")
    row = shop.rows()["evaluate-base"]
    assert (row["state"], row["reason"], row.get("advice")) == ("pending", "starting", None)
    warn(shop, "Pod", pod, "FailedScheduling", "0/4 nodes fit")  # an old event: the pod has a node now
    assert shop.rows()["evaluate-base"]["reason"] == "starting"
    warn(shop, "Pod", pod, "FailedMount", "MountVolume.SetUp failed for volume x")
    row = shop.rows()["evaluate-base"]
    assert row["reason"] == "FailedMount: MountVolume.SetUp failed for volume x"
    assert "volumes and Secrets" in row["advice"]


def test_a_quota_that_refuses_the_pods_is_reported_with_advice(shop: Shop) -> None:
    shop.apply()
    warn(shop, "Job", shop.job("evaluate-base"), "FailedCreate", "exceeded quota: small")
    row = shop.rows()["evaluate-base"]
    assert row["reason"] == "FailedCreate: exceeded quota: small"
    assert "quota" in row["advice"]


def warn(shop: Shop, kind: str, name: str, reason: str, message: str) -> None:
    about = {"kind": kind, "name": name, "namespace": shop.namespace}
    body = {"metadata": {"generateName": "x"}, "involvedObject": about, "type": "Warning"}
    shop.player.core.create_namespaced_event(shop.namespace, body | {"reason": reason, "message": message})


def test_apply_reports_why_a_stage_waits(shop: Shop) -> None:
    shop.apply()
    shop.player.hold(shop.job("evaluate-base"), "ImagePullBackOff", "no such image")
    assert "`evaluate-base` waits: ImagePullBackOff: no such image" in shop.apply().stdout


def test_a_job_of_an_earlier_version_is_shown_after_the_plan_has_ended(shop: Shop) -> None:
    kept = shop.spec.read_text(encoding="utf-8")
    shop.apply()
    shop.player.finish(shop.job("evaluate-base"), gate("target-met"))
    shop.apply()
    compile_as(shop, kept.replace("spec:\n", "spec:\n  rerun: 1\n", 1))
    assert "started evaluate-base" in shop.apply().stdout
    other = shop.job("evaluate-base")
    compile_as(shop, kept.replace("spec:\n", "spec:\n  rerun: 2\n", 1))
    assert f"waits for `{other}` of an earlier version" in shop.apply().stdout
    compile_as(shop, kept)
    done = run(shop, "status", shop.folder)
    assert "target met" in done.stdout
    assert "superseded, pending" in done.stdout
    assert "--superseded" in run(shop, "cancel", shop.folder).stdout
    assert f"cancelled `{other}`" in run(shop, "cancel", shop.folder, "--superseded").stdout


def compile_as(shop: Shop, text: str) -> None:
    shop.spec.write_text(text, encoding="utf-8")
    assert shop.call("compile", str(shop.spec)).exit_code == 0


def test_a_file_that_is_not_a_spec_is_refused(shop: Shop) -> None:
    notice = shop.spec.parent / "NOTICE.md"
    notice.write_text("x", encoding="utf-8")
    done = run(shop, "apply", notice)
    assert done.exit_code == 1
    assert "RUN791" in done.stderr
    assert shop.player.jobs() == []


def test_edited_files_are_named(shop: Shop) -> None:
    config = shop.folder / "02-sft.config.yaml"
    config.write_text(config.read_text(encoding="utf-8") + "# by hand\n", encoding="utf-8")
    assert f"compiles to: `{config.name}`" in shop.apply().stderr
    shutil.rmtree(shop.folder)
    assert "the spec has no plan" in shop.apply().stderr


def test_stderr_holds_only_diagnostics_for_programs(shop: Shop) -> None:
    shop.apply()
    shop.player.finish(
        shop.job("evaluate-base"), {"exit_code": 65, "status": "failed", "message": "row 3 is malformed"}
    )
    done = shop.apply("--format", "json")
    assert [each["code"] for each in json.loads(done.stderr)["diagnostics"]] == ["CLU610"]


def test_impersonation_of_the_kubeconfig_is_sent_to_the_server(shop: Shop, tmp_path: Path) -> None:
    seen: list[Any] = []

    def decide(verb: str, path: str, headers: Any) -> Fault:
        seen.append(headers)
        return Fault(how="status", status=403)

    upstream = Upstream(url="http://127.0.0.1:9", pool=urllib3.PoolManager(), headers=lambda sent: dict(sent.items()))
    user = "token: t, as: jane, as-groups: [ml, ops], as-user-extra: {scopes: [view]}"
    with faulty_http(upstream, decide) as url:
        done = shop.call("status", str(shop.folder), "--kubeconfig", str(kubeconfig(tmp_path, url, user=user)))
    assert done.exit_code == 4
    assert seen[0]["Impersonate-User"] == "jane"
    assert seen[0].get_all("Impersonate-Group") == ["ml", "ops"]
    assert seen[0]["Impersonate-Extra-scopes"] == "view"


@pytest.mark.parametrize(
    ("cluster", "user", "code", "reason"),
    [
        ("", "token: t", "CLU602", "CERTIFICATE_VERIFY_FAILED"),
        (", insecure-skip-tls-verify: true", EXEC, "CLU601", "cannot get credentials"),
    ],
    ids=["unknown authority", "no credential program"],
)
def test_a_permanent_connection_error_is_reported_at_once(
    shop: Shop, tmp_path: Path, cluster: str, user: str, code: str, reason: str
) -> None:
    url = f"https://127.0.0.1:{shop.server.port}"
    done = shop.call("status", str(shop.folder), "--kubeconfig", str(kubeconfig(tmp_path, url, cluster, user)))
    assert done.exit_code == 4
    assert f"error[{code}]" in done.stderr
    assert reason in done.stderr
    assert "waiting up to" not in done.stderr


def test_a_server_of_another_protocol_is_not_an_api_server(shop: Shop, tmp_path: Path) -> None:
    config = kubeconfig(tmp_path, f"http://127.0.0.1:{shop.server.port}")
    done = shop.call("status", str(shop.folder), "--kubeconfig", str(config))
    assert done.exit_code == 4
    assert "CLU602" in done.stderr


def test_a_kind_that_is_not_installed_is_named() -> None:
    missing = ApiError(404, {}, "404 page not found")
    missing.about = "kind `trainer.kubeflow.org/v1alpha1 TrainJob`"
    found = refusal(missing, "list", "namespace `ml`", "specs/x/plan")
    assert (found.code, missing.about in found.message) == ("CLU613", True)
