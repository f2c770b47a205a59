"""Many plans at once: what it costs depends on what is to be done, and not on how many plans there are."""

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
    """Counts what the API server is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[str] = []
        attempt = Api._attempt

        def counted(api: Api, method: str, url: str, *rest: object, **more: object) -> object:
            self.made.append(f"{method} {url.partition('?')[0].rpartition('/')[2]}")
            return attempt(api, method, url, *rest, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(Api, "_attempt", counted)

    def of(self, shop: Shop, *arguments: str) -> list[str]:
        """What a command on all plans asks, which must go well."""
        self.made.clear()
        done = invoke(*arguments, str(specs(shop)), "--kubeconfig", str(shop.kubeconfig))
        assert done.exit_code == 0, done.stderr
        return sorted(self.made)


def specs(shop: Shop) -> Path:
    return shop.spec.parent.parent


@pytest.fixture
def mall(shop: Shop) -> Shop:
    """A shop among others, which differ in their names only."""
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


def test_status_of_many_plans_asks_as_much_as_of_one(mall: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = Requests(monkeypatch)
    requests.of(mall, "apply")
    namespace = f"GET {mall.namespace}"  # whether it is there
    assert requests.of(mall, "status") == ["GET configmaps", "GET events", "GET jobs", "GET pods", namespace]


def test_a_changed_plan_is_tried_as_a_whole_again(mall: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = Requests(monkeypatch)
    requests.of(mall, "apply")
    text = mall.spec.read_text(encoding="utf-8").replace("spec:\n", "spec:\n  rerun: 1\n", 1)
    mall.spec.write_text(text, encoding="utf-8")
    assert mall.call("compile", str(specs(mall))).exit_code == 0
    again = requests.of(mall, "apply")
    assert again.count("POST jobs") == len(mall.plan.stages), "each Job of the plan that changed, as a dry run"


def test_a_watch_tells_of_which_plans_something_changed(mall: Shop) -> None:
    assert mall.call("apply", str(specs(mall)), "--kubeconfig", str(mall.kubeconfig)).exit_code == 0
    watch = Watch(Api(Target(kubeconfig=mall.kubeconfig)), mall.namespace, ("batch/v1 Job",))
    try:
        seen, plans = watch.snapshot()
        assert plans == {"shop", *(f"shop-{number}" for number in range(1, PLANS))}
        assert watch.snapshot()[1] == set()
        job = seen.of_plan("shop-2")[0].name
        mall.player.start(job)
        with ends_by_itself("the watch tells of the Job"):
            while seen.jobs[job].phase != "running":
                watch.wait(1)
                seen, plans = watch.snapshot()
                assert plans <= {"shop-2"}
            mall.player.delete(job)
            while job in seen.jobs:
                watch.wait(1)
                seen, _ = watch.snapshot()
        assert seen.of_plan("shop-2") == ()
        assert len(seen.of_plan("shop-1")) == 1
    finally:
        watch.close()


def test_a_server_that_is_away_is_waited_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(client, "time", clock)
    config = kubeconfig(tmp_path, "http://127.0.0.1:9")
    api = Api(Target(kubeconfig=config), patience=1.0)
    for least, most in ((2, 9), (1, 1)):
        before = api.requests
        with pytest.raises(ClusterError, match="cannot be used"):
            api.get("/api/v1/namespaces/default/configmaps/x")
        assert least <= api.requests - before <= most
        clock.sleep(1)  # all patience is used up by now
