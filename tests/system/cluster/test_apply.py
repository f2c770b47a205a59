"""`trainspec apply` runs each stage once and in order, however often and by whomever it is called."""

import json
from typing import Any

import pytest
from support.waiting import HUNG_SECONDS
from system.cluster.player import GOOD, gate
from system.cluster.shop import Shop

from compiler import __version__
from compiler.run.cluster.api.client import APPLY, Api
from compiler.run.cluster.api.connect import Target


def test_stages_start_one_after_the_other_and_once(shop: Shop) -> None:
    stages = [each.name for each in shop.plan.stages]
    assert shop.run_to_the_end() == stages
    assert shop.states() == {each.stage: "complete" for each in shop.plan.stages}
    again = shop.apply()
    assert again.exit_code == 0
    assert "complete, nothing to do" in again.stdout


def test_calling_again_while_a_stage_runs_starts_nothing(shop: Shop) -> None:
    assert "started evaluate-base" in shop.apply().stdout
    shop.player.start(shop.job("evaluate-base"))
    for _ in range(3):
        assert "started" not in shop.apply().stdout
    assert shop.player.jobs() == [shop.job("evaluate-base")]
    assert shop.states()["evaluate-base"] == "running"
    assert shop.states()["sft"] == "waits"


def test_a_second_apply_changes_nothing(shop: Shop) -> None:
    shop.apply()
    before = {each.metadata.name: each.metadata.resource_version for each in configs(shop)}
    shop.apply()
    assert {each.metadata.name: each.metadata.resource_version for each in configs(shop)} == before


def configs(shop: Shop) -> list[Any]:
    return shop.player.core.list_namespaced_config_map(shop.namespace).items


def test_concurrent_calls_start_a_stage_once(shop: Shop) -> None:
    callers = [shop.begin("apply", str(shop.folder), "--kubeconfig", str(shop.kubeconfig)) for _ in range(6)]
    outputs = [each.communicate(timeout=HUNG_SECONDS) for each in callers]
    assert [each.returncode for each in callers] == [0] * 6, outputs
    assert shop.player.jobs() == [shop.job("evaluate-base")]
    assert sum("started evaluate-base" in out for out, _ in outputs) == 1
    assert shop.ledger()["evaluate-base"]["starts"] == 1


def test_a_result_outlives_its_job(shop: Shop) -> None:
    shop.apply()
    base = shop.job("evaluate-base")
    shop.player.finish(base, gate("continue"))
    shop.apply()
    shop.player.delete(base)  # a time to live ran out
    done = shop.apply()
    assert done.exit_code == 0
    assert shop.player.jobs() == [shop.job("sft")]
    assert shop.ledger()["evaluate-base"]["result"]["metrics"]["execution_accuracy"]["value"] == 0.4


def test_the_pipeline_stops_where_the_target_is_met(shop: Shop) -> None:
    shop.apply()
    shop.player.finish(shop.job("evaluate-base"), gate("target-met"))
    done = shop.apply()
    assert "the target is met at `evaluate-base`" in done.stdout
    assert shop.states() == {"evaluate-base": "target met"} | {
        each.stage: "not needed" for each in shop.plan.stages[1:]
    }


@pytest.mark.parametrize(("verdict", "words"), [("no-gain", "no gain"), ("worse", "worse")])
def test_the_pipeline_stops_at_a_stage_without_gain(shop: Shop, verdict: str, words: str) -> None:
    for stage in ("evaluate-base", "sft"):
        shop.apply()
        shop.player.finish(shop.job(stage))
    shop.apply()
    shop.player.finish(shop.job("evaluate-sft"), gate(verdict))
    done = shop.apply()
    assert done.exit_code == 0, "a gate that does not pass is an answer, not an error"
    assert f"stopped at `evaluate-sft`: {words}" in done.stdout
    assert shop.states()["evaluate-sft"] == words
    assert shop.job("dpo") not in shop.player.jobs()


def test_a_failed_stage_stops_the_plan_and_says_why(shop: Shop) -> None:
    shop.apply()
    message = {
        "status": "failed",
        "exit_code": 65,
        "code": "RUN710",
        "message": "row 3 is malformed",
        "hint": "fix it",
    }
    shop.player.finish(shop.job("evaluate-base"), message)
    done = shop.apply()
    assert done.exit_code == 1
    assert "CLU610" in done.stderr
    assert "row 3 is malformed" in done.stderr
    assert "= hint: fix it" in done.stderr
    assert shop.player.jobs() == [shop.job("evaluate-base")]


def test_retry_starts_a_failed_stage_again_and_only_that(shop: Shop) -> None:
    shop.apply()
    base = shop.job("evaluate-base")
    shop.player.fail(base, "DeadlineExceeded", "Job was active longer than specified deadline")
    assert shop.apply().exit_code == 1
    old = shop.player.batch.read_namespaced_job(base, shop.namespace).metadata.uid
    assert "started evaluate-base" in shop.apply("--retry").stdout
    assert shop.player.batch.read_namespaced_job(base, shop.namespace).metadata.uid != old
    assert shop.ledger()["evaluate-base"]["starts"] == 2
    assert "started" not in shop.apply("--retry").stdout, "it runs: there is nothing to retry"


def test_rerun_in_the_spec_runs_everything_once_more(shop: Shop) -> None:
    first = shop.run_to_the_end()
    text = shop.spec.read_text().replace("spec:\n", "spec:\n  rerun: 1\n", 1)
    shop.spec.write_text(text)
    assert shop.call("compile", str(shop.spec)).exit_code == 0
    for job in first:
        shop.player.delete(job)
    second = shop.run_to_the_end()
    assert len(second) == len(first)
    assert not set(first) & set(second)
    assert shop.run_to_the_end() == [] or shop.player.jobs() == sorted(second)


def test_a_plan_that_is_not_what_its_spec_compiles_to_is_refused(shop: Shop) -> None:
    with (shop.folder / "02-sft.job.yaml").open("a") as file:
        file.write("# a change that nobody reviewed\n")
    done = shop.apply()
    assert done.exit_code == 1
    assert "CLU608" in done.stderr
    assert shop.player.jobs() == []


def test_another_digest_than_the_approved_one_is_refused(shop: Shop) -> None:
    assert shop.apply("--plan-digest", shop.plan.digest).exit_code == 0
    shop.spec.write_text(shop.spec.read_text().replace("spec:\n", "spec:\n  rerun: 1\n", 1))
    approved = shop.plan.digest
    shop.call("compile", str(shop.spec))
    done = shop.apply("--plan-digest", approved)
    assert done.exit_code == 1
    assert "CLU608" in done.stderr
    assert approved in done.stderr


def test_nothing_is_written_when_a_part_of_the_plan_is_refused(shop: Shop) -> None:
    name = shop.job("evaluate-dpo")
    other = {"metadata": {"name": name}, "data": {"config.yaml": "something else"}, "immutable": True}
    shop.player.core.create_namespaced_config_map(shop.namespace, other)
    done = shop.apply()
    assert done.exit_code == 1
    assert "CLU606" in done.stderr or "CLU607" in done.stderr
    assert name in done.stderr
    assert shop.player.jobs() == []
    assert [each.metadata.name for each in configs(shop)] == [name]


def test_a_stage_deleted_before_it_had_a_result_runs_again_only_with_retry(shop: Shop) -> None:
    shop.apply()
    base = shop.job("evaluate-base")
    shop.player.start(base)
    shop.apply()
    shop.player.delete(base)
    assert shop.apply().exit_code == 0
    report = f"{base}-report"
    assert shop.player.jobs() == [report], "a report Job looks for a result"
    assert shop.states()["evaluate-base"] == "reading its result"
    nothing = {"status": "failed", "exit_code": 66, "code": "RUN703", "message": "no result", "hint": "run it"}
    shop.player.finish(report, nothing)
    done = shop.apply()
    assert done.exit_code == 1
    assert "CLU611" in done.stderr
    assert shop.player.jobs() == [report]
    assert "started evaluate-base" in shop.apply("--retry").stdout
    assert shop.player.jobs() == [base]


def test_an_unread_result_is_recovered_from_the_volume(shop: Shop) -> None:
    shop.apply()
    base = shop.job("evaluate-base")
    shop.player.finish(base, gate("continue"))
    shop.player.delete(base)  # before any call has read its result
    shop.apply()
    shop.player.finish(f"{base}-report", gate("continue") | {"status": "already-complete"})
    done = shop.apply()
    assert "started sft" in done.stdout
    assert shop.ledger()["evaluate-base"]["result"]["gate"]["verdict"] == "continue"
    assert shop.ledger()["evaluate-base"]["starts"] == 1


def test_the_result_of_an_evaluation_on_a_lost_node_is_recovered(shop: Shop) -> None:
    shop.apply()
    base = shop.job("evaluate-base")
    shop.player.finish(base, pods=False)
    shop.apply()
    assert f"{base}-report" in shop.player.jobs()
    shop.player.finish(f"{base}-report", gate("target-met"))
    assert "the target is met" in shop.apply().stdout


def test_cancel_stops_a_stage_and_retry_resumes_it(shop: Shop) -> None:
    shop.apply()
    shop.player.start(shop.job("evaluate-base"))
    done = shop.call("cancel", str(shop.folder), "--kubeconfig", str(shop.kubeconfig))
    assert "cancelled `evaluate-base`" in done.stdout
    assert shop.player.jobs() == []
    refused = shop.apply()
    assert refused.exit_code == 1
    assert "CLU615" in refused.stderr
    assert shop.player.jobs() == []
    assert "started evaluate-base" in shop.apply("--retry").stdout


def test_a_changed_spec_waits_for_the_job_of_the_earlier_plan(shop: Shop) -> None:
    shop.apply()
    old = shop.job("evaluate-base")
    shop.player.start(old)
    shop.spec.write_text(shop.spec.read_text().replace("spec:\n", "spec:\n  rerun: 1\n", 1))
    shop.call("compile", str(shop.spec))
    done = shop.apply()
    assert "of an earlier version of this plan" in done.stdout
    assert shop.player.jobs() == [old]
    shop.call("cancel", str(shop.folder), "--superseded", "--kubeconfig", str(shop.kubeconfig))
    assert "started evaluate-base" in shop.apply().stdout
    assert shop.player.jobs() == [shop.job("evaluate-base")]


def test_a_missing_permission_is_reported_with_its_verb(shop: Shop) -> None:
    done = shop.call("apply", str(shop.folder), "--kubeconfig", str(shop.server.viewer))
    assert done.exit_code == 4
    assert "CLU604" in done.stderr
    assert "verb `patch` on `configmaps`" in done.stderr
    status = shop.call("status", str(shop.folder), "--kubeconfig", str(shop.server.viewer))
    assert status.exit_code == 0, "readers may see the status of a plan"


def test_logs_of_the_running_stage(shop: Shop) -> None:
    shop.apply()
    log = '{"event": "step", "step": 3, "max_steps": 9, "loss": 1.25}\nplain text of a library\n'
    shop.player.start(shop.job("evaluate-base"), log)
    logs = shop.call("logs", str(shop.folder), "--kubeconfig", str(shop.kubeconfig))
    assert logs.exit_code == 0, logs.stderr
    assert logs.stdout == "step step=3 max_steps=9 loss=1.25\nplain text of a library\n"
    raw = shop.call("logs", str(shop.folder), "evaluate-base", "--raw", "--kubeconfig", str(shop.kubeconfig))
    assert raw.stdout == log


def test_a_missing_namespace_is_reported_once(shop: Shop) -> None:
    text = next(shop.spec.parent.parent.glob("clusters/*.yaml"))
    text.write_text(text.read_text().replace(shop.namespace, "nowhere-at-all"))
    shop.call("compile", str(shop.spec))
    done = shop.apply()
    assert done.exit_code == 4
    assert done.stderr.count("error[") == 1
    assert "namespace `nowhere-at-all` does not exist" in done.stderr


def test_a_foreign_ledger_is_left_alone(shop: Shop) -> None:
    shop.player.core.create_namespaced_config_map(
        shop.namespace, {"metadata": {"name": "shop-ledger"}, "data": {"mine": "x"}}
    )
    done = shop.apply()
    assert done.exit_code == 1
    assert "CLU614" in done.stderr
    assert shop.player.core.read_namespaced_config_map("shop-ledger", shop.namespace).data == {"mine": "x"}
    assert shop.player.jobs() == [], "a stage was started without a ledger"


def test_labels_that_a_reconciler_keeps_are_taken_over(shop: Shop) -> None:
    name = shop.job("evaluate-base")
    theirs = next(each for each in shop.plan.supports if each.name == name)
    body = {**theirs.data, "metadata": {**theirs.data["metadata"], "labels": {"app.kubernetes.io/version": "0.0.1"}}}
    path = f"/api/v1/namespaces/{shop.namespace}/configmaps/{name}"
    api = Api(Target(kubeconfig=shop.kubeconfig))
    api.patch(path, body, APPLY, {"fieldManager": "argocd-controller"})
    done = shop.apply()
    assert done.exit_code == 0, done.stderr
    labels = shop.player.core.read_namespaced_config_map(name, shop.namespace).metadata.labels
    assert labels["app.kubernetes.io/version"] == __version__


def test_a_change_of_another_manager_is_not_overwritten(shop: Shop) -> None:
    shop.apply()
    path = f"/apis/networking.k8s.io/v1/namespaces/{shop.namespace}/networkpolicies/shop"
    opened = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "shop"}}
    opened["spec"] = {"podSelector": {"matchLabels": {"app.kubernetes.io/part-of": "other"}}}
    Api(Target(kubeconfig=shop.kubeconfig)).patch(path, opened, APPLY, {"fieldManager": "someone", "force": True})
    done = shop.apply()
    assert done.exit_code == 1
    assert "CLU607" in done.stderr
    assert "`someone`" in done.stderr


def test_concurrent_retries_start_a_stage_once(shop: Shop) -> None:
    shop.apply()
    base = shop.job("evaluate-base")
    shop.player.fail(base, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    shop.apply()
    callers = [shop.begin("apply", str(shop.folder), "--retry", "--kubeconfig", str(shop.kubeconfig)) for _ in range(4)]
    outputs = [each.communicate(timeout=HUNG_SECONDS) for each in callers]
    assert [each.returncode for each in callers] == [0] * 4, outputs
    assert sum("started evaluate-base" in out for out, _ in outputs) >= 1
    assert shop.ledger()["evaluate-base"]["starts"] == 2
    assert shop.ledger()["evaluate-base"]["state"] == "created"


def test_a_large_ledger_drops_details_of_jobs_that_left_the_plan(shop: Shop) -> None:
    shop.apply()
    result = {"exit_code": 0, "gate": None, "metrics": {"m": {}}, "report": {"x": "y" * 3500}}
    old = {"stage": "sft", "state": "complete", "uid": "", "starts": 1, "reason": "", "result": result}
    data = {f"shop-sft-{number:010d}": json.dumps(old) for number in range(200)}
    shop.player.core.patch_namespaced_config_map("shop-ledger", shop.namespace, {"data": data})
    shop.player.finish(shop.job("evaluate-base"), gate("continue"))
    assert shop.apply().exit_code == 0
    records = shop.ledger_by_job()
    assert sum(len(json.dumps(each)) for each in records.values()) < 100_000
    assert records["shop-sft-0000000007"]["result"]["metrics"] == {"m": {}}
    assert records[shop.job("evaluate-base")]["state"] == "complete"


def test_a_claim_with_other_settings_gets_its_own_hint(shop: Shop) -> None:
    assert shop.apply().exit_code == 0
    profile = next(shop.spec.parent.parent.glob("clusters/*.yaml"))
    gpus = "  gpu: {type: L40S, count: 1, nodes: 2, memoryGib: 48}\n"
    profile.write_text(profile.read_text() + gpus)
    assert shop.call("compile", str(shop.spec)).exit_code == 0
    done = shop.apply()
    assert done.exit_code == 1
    assert "CLU606" in done.stderr
    assert "PersistentVolumeClaim `shop-outputs`" in done.stderr
    assert "move the outputs" in done.stderr
    assert "rerun" not in done.stderr


def test_the_result_of_a_complete_job_with_an_active_pod_is_recovered(shop: Shop) -> None:
    shop.apply()
    shop.player.finish(shop.job("evaluate-base"))
    shop.apply()
    sft = shop.job("sft")
    shop.player.start(sft)
    shop.player.finish(sft, pods=False)
    assert "started" not in shop.apply().stdout
    assert f"{sft}-report" in shop.player.jobs()
    shop.player.finish(f"{sft}-report", {**GOOD, "digest": "a" * 64})
    assert "started evaluate-sft" in shop.apply().stdout
    assert shop.ledger()["sft"]["result"]["digest"] == "a" * 64


def test_a_gate_that_did_not_pass_is_known_without_its_pods(shop: Shop) -> None:
    shop.apply()
    base = shop.job("evaluate-base")
    message = "Container stage for pod x/y failed with exit code 80 matching FailJob rule at index 0"
    shop.player.fail(base, "PodFailurePolicy", message)
    assert shop.apply().exit_code == 0, "it is not a failure"
    assert f"{base}-report" in shop.player.jobs()
    shop.player.finish(f"{base}-report", gate("no-gain"))
    assert "no gain" in shop.apply().stdout


def raise_rerun(shop: Shop) -> None:
    """The next version of the plan."""
    shop.spec.write_text(shop.spec.read_text().replace("spec:\n", "spec:\n  rerun: 1\n", 1))
    assert shop.call("compile", str(shop.spec)).exit_code == 0


def test_retry_waits_for_the_job_of_another_version_too(shop: Shop) -> None:
    shop.apply()
    text = shop.spec.read_text()
    shop.call("cancel", str(shop.folder), "--kubeconfig", str(shop.kubeconfig))
    raise_rerun(shop)
    assert "started evaluate-base" in shop.apply().stdout
    second = shop.job("evaluate-base")
    shop.spec.write_text(text)  # and back
    shop.call("compile", str(shop.spec))
    assert "of an earlier version of this plan" in shop.apply("--retry").stdout
    assert shop.player.jobs() == [second]


def test_a_cancelled_superseded_job_counts_as_cancelled(shop: Shop) -> None:
    shop.apply()
    text = shop.spec.read_text()
    raise_rerun(shop)
    shop.call("cancel", str(shop.folder), "--superseded", "--kubeconfig", str(shop.kubeconfig))
    assert shop.player.jobs() == []
    shop.spec.write_text(text)
    shop.call("compile", str(shop.spec))
    done = shop.apply()
    assert "CLU615" in done.stderr
    assert shop.player.jobs() == []


def test_an_empty_digest_approves_nothing(shop: Shop) -> None:
    done = shop.apply("--plan-digest", "")
    assert done.exit_code == 1
    assert "CLU608" in done.stderr
    assert shop.player.jobs() == []


def test_cancel_stops_all_active_jobs(shop: Shop) -> None:
    for each in shop.plan.stages:
        shop.player.batch.create_namespaced_job(shop.namespace, dict(each.workload.data))
    done = shop.call("cancel", str(shop.folder), "--kubeconfig", str(shop.kubeconfig))
    assert done.exit_code == 0, done.stderr
    assert shop.player.jobs() == []
    assert {each["state"] for each in shop.ledger().values()} == {"cancelled"}
