"""Stages on several nodes, in each output: one of their pods reports how they ended."""

import re

import pytest
from system.cluster.group import Group
from system.cluster.player import GOOD
from system.cluster.shop import Shop

LOG = '{"event": "step", "step": 3, "max_steps": 9, "loss": 1.25}\n'
RESULT = {**GOOD, "digest": "a" * 64}
BAD_DATA = {"status": "failed", "exit_code": 65, "code": "RUN710", "message": "row 3 is malformed", "hint": "fix it"}
ENDED = {"status": "try-later", "exit_code": 79, "code": "RUN756", "message": "another node ended", "hint": "see there"}


@pytest.fixture
def group(group_shop: Shop) -> Group:
    """The training stage, just started."""
    assert group_shop.apply().exit_code == 0
    group_shop.player.finish(group_shop.job("evaluate-base"))
    done = group_shop.apply()
    assert "started sft" in done.stdout, done.stderr
    made = Group(group_shop, "sft")
    assert made.exists()
    return made


def test_the_first_node_reports_progress_and_result(group: Group) -> None:
    shop = group.shop
    first, second = group.start(0, LOG), group.start(1, "the log of the second node\n")
    row = shop.rows()["sft"]
    assert (row["state"], row["pods"], row["done"], row["total"]) == ("running", "2 running", 3, 9)
    logs = shop.call("logs", str(shop.folder), "--kubeconfig", str(shop.kubeconfig))
    assert logs.stdout == "step step=3 max_steps=9 loss=1.25\n", logs.stderr
    group.end(first, RESULT)
    group.end(second)
    group.complete()
    assert "started evaluate-sft" in shop.apply().stdout
    assert shop.ledger()["sft"]["result"] == RESULT
    assert group.exists()


def test_a_node_that_waits_is_shown_while_another_runs(group: Group) -> None:
    group.start(0, LOG)
    group.wait_for_room(group.start(1))
    row = group.shop.rows()["sft"]
    assert row["pods"] == "1 running, 1 pending"
    assert row["reason"] == "Unschedulable: 0/4 nodes fit"


def test_the_node_that_failed_explains_the_failure(group: Group) -> None:
    shop = group.shop
    earlier = group.start(0), group.start(1)
    group.end(earlier[0], {**ENDED, "exit_code": 1, "message": "an earlier failure"})
    group.end(earlier[1], ENDED)
    first, second = group.start(0), group.start(1, "the last words\n")
    group.end(second, BAD_DATA)
    group.end(first, ENDED)
    group.fail()
    done = shop.apply()
    assert done.exit_code == 1
    assert "`sft` failed: exit 65: row 3 is malformed" in done.stderr
    assert "= hint: fix it" in done.stderr
    assert "the last words" in done.stderr
    logs = shop.call("logs", str(shop.folder), "sft", "--kubeconfig", str(shop.kubeconfig))
    assert logs.stdout == "the last words\n"

    group.remove_pods()
    assert "started sft" in shop.apply("--retry").stdout
    assert shop.rows()["sft"]["state"] == "pending"
    assert shop.rows()["sft"]["starts"] == 2


def test_an_unread_result_is_recovered_by_one_pod_without_a_gpu(group: Group) -> None:
    shop = group.shop
    group.end(group.start(0), RESULT)
    group.complete()
    group.delete()  # a time to live ran out before any call has read the result
    assert shop.apply().exit_code == 0
    name = f"{group.name}-report"
    report = shop.player.batch.read_namespaced_job(name, shop.namespace)
    (container,) = report.spec.template.spec.containers
    assert (container.name, container.args[-1]) == (group.container, "--report")
    assert sorted(container.resources.limits) == ["cpu", "ephemeral-storage", "memory"]
    assert (report.spec.completions, report.spec.parallelism) == (1, 1)
    shop.player.finish(name, {**RESULT, "status": "already-complete"})
    assert "started evaluate-sft" in shop.apply().stdout
    assert shop.ledger()["sft"]["result"]["digest"] == RESULT["digest"]


def test_cancel_stops_it(group: Group) -> None:
    shop = group.shop
    group.start(0)
    assert "cancelled `sft`" in shop.call("cancel", str(shop.folder), "--kubeconfig", str(shop.kubeconfig)).stdout
    assert not group.exists()


def test_cancel_stops_one_of_an_earlier_version_of_the_plan(group: Group) -> None:
    shop = group.shop
    old = group.name
    group.start(0)
    shop.spec.write_text(shop.spec.read_text().replace("spec:\n", "spec:\n  rerun: 1\n", 1))
    shop.call("compile", str(shop.spec))
    assert "of an earlier version of this plan" in shop.apply().stdout
    done = shop.call("cancel", str(shop.folder), "--superseded", "--kubeconfig", str(shop.kubeconfig))
    assert f"cancelled `{old}`" in done.stdout
    assert old not in group.names()
    assert "started evaluate-base" in shop.apply().stdout


def test_a_stage_of_an_earlier_output_of_the_profile_continues(group: Group) -> None:
    shop, kind = group.shop, group.manifest["kind"]
    group.start(0, LOG)
    profile = next(shop.spec.parent.parent.glob("clusters/*.yaml"))
    text = re.sub("\n  output: .*", "", profile.read_text(encoding="utf-8"))
    other = "job" if kind != "Job" else "jobset"
    profile.write_text(text.replace("\nspec:\n", f"\nspec:\n  output: {other}\n"), encoding="utf-8")
    assert shop.call("compile", str(shop.spec)).exit_code == 0
    assert group.manifest["kind"] != kind
    done = shop.apply()
    assert "`sft` is under way" in done.stdout, done.stderr
    assert shop.rows()["sft"]["state"] == "running"
    assert not group.exists(), "it was started once more"
