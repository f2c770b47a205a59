"""Many plans at once: the number of requests depends on the changes, not on the number of plans."""

from pathlib import Path

import pytest
from support.command import invoke
from support.waiting import Clock, ends_by_itself
from system.cluster.server import kubeconfig
from system.cluster.shop import Shop

from compiler.run.cluster.api import client
from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.connect import Target
from compiler.run.cluster.api.errors import ClusterError
from compiler.run.cluster.state.snapshot import Watch

PLANS = 4


class Requests:
    """Counts the requests to the API server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[str] = []
        attempt = Api._attempt

        def counted(api: Api, method: str, url: str, *rest: object, **more: object) -> object:
            self.made.append(f"{method} {url.partition('?')[0].rpartition('/')[2]}")
            return attempt(api, method, url, *rest, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(Api, "_attempt", counted)

    def of(self, shop: Shop, *arguments: str) -> list[str]:
        """Run a command on all plans, which must succeed; return its requests."""
        self.made.clear()
        done = invoke(*arguments, str(specs(shop)), "--kubeconfig", str(shop.kubeconfig))
        assert done.exit_code == 0, done.stderr
        return sorted(self.made)


def specs(shop: Shop) -> Path:
    return shop.spec.parent.parent


@pytest.fixture
def mall(shop: Shop) -> Shop:
    """A shop among others that differ only in their names."""
    text = shop.spec.read_text(encoding="utf-8")
    for number in range(1, PLANS):
        folder = specs(shop) / f"shop-{number}"
        for path in sorted(shop.spec.parent.rglob("*")):
            if path.is_file() and "plan" not in path.parts:
                target = folder / path.relative_to(shop.spec.parent)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
        (folder / "spec.yaml").write_text(text.replace("name: shop\n", f"name: shop-{number}\n", 1), encoding="utf-8")
    assert shop.call("compile", str(specs(shop))).exit_code == 0
    return shop


def test_a_second_apply_of_many_plans_only_lists(mall: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = Requests(monkeypatch)
    first = requests.of(mall, "apply")
    assert sum(each.startswith("POST jobs") for each in first) == PLANS * (len(mall.plan.stages) + 1)
    lists = ["GET configmaps", "GET configmaps", "GET jobs", "GET networkpolicies", "GET persistentvolumeclaims"]
    assert requests.of(mall, "apply") == [*lists, "GET pods"]


def test_status_of_many_plans_needs_as_many_requests_as_of_one(mall: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = Requests(monkeypatch)
    requests.of(mall, "apply")
    namespace = f"GET {mall.namespace}"  # checks that it exists
    assert requests.of(mall, "status") == ["GET configmaps", "GET events", "GET jobs", "GET pods", namespace]


def test_a_changed_plan_is_checked_as_a_whole_again(mall: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = Requests(monkeypatch)
    requests.of(mall, "apply")
    text = mall.spec.read_text(encoding="utf-8").replace("spec:\n", "spec:\n  rerun: 1\n", 1)
    mall.spec.write_text(text, encoding="utf-8")
    assert mall.call("compile", str(specs(mall))).exit_code == 0
    again = requests.of(mall, "apply")
    assert again.count("POST jobs") == len(mall.plan.stages), "each Job of the plan that changed, as a dry run"


def test_a_watch_reports_the_plans_that_changed(mall: Shop) -> None:
    assert mall.call("apply", str(specs(mall)), "--kubeconfig", str(mall.kubeconfig)).exit_code == 0
    watch = Watch(Api(Target(kubeconfig=mall.kubeconfig)), mall.namespace, ("batch/v1 Job",))
    try:
        snapshot, plans = watch.snapshot()
        assert plans == {"shop", *(f"shop-{number}" for number in range(1, PLANS))}
        assert watch.snapshot()[1] == set()
        job = snapshot.of_plan("shop-2")[0].name
        mall.player.start(job)
        with ends_by_itself("the watch reports the Job"):
            while snapshot.jobs[job].phase != "running":
                watch.wait(1)
                snapshot, plans = watch.snapshot()
                assert plans <= {"shop-2"}
            mall.player.delete(job)
            while job in snapshot.jobs:
                watch.wait(1)
                snapshot, _ = watch.snapshot()
        assert snapshot.of_plan("shop-2") == ()
        assert len(snapshot.of_plan("shop-1")) == 1
    finally:
        watch.close()


def test_all_requests_share_one_wait_for_an_absent_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(client, "time", clock)
    config = kubeconfig(tmp_path, "http://127.0.0.1:9")
    api = Api(Target(kubeconfig=config), patience=1.0)
    for least, most in ((2, 9), (1, 1)):
        before = api.requests
        with pytest.raises(ClusterError, match="cannot be used"):
            api.get("/api/v1/namespaces/default/configmaps/x")
        assert least <= api.requests - before <= most
        clock.sleep(1)  # the patience is used up
