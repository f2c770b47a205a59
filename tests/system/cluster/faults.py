"""The table of faults that a plan must survive, for the tests and `make faults`."""

import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from support.waiting import HUNG_SECONDS, wait_until
from system.cluster.faulty import Proxy, Rule, faulty
from system.cluster.player import Player
from system.cluster.shop import Shop, is_complete

LEDGER = r"POST .*/configmaps$|PATCH .*-ledger$"
WRITES = r"^(POST|PATCH|DELETE) "
CALLS = 12  # most calls of `apply` by a CI that retries


@dataclass(kw_only=True)
class Scene:
    """The targets of faults: the project, the simulated kubelet, and the running `apply`."""

    shop: Shop
    process: "subprocess.Popen[str] | None" = None
    uids: dict[str, set[str]] = field(default_factory=dict)
    starting: threading.Lock = field(default_factory=threading.Lock)  # held while no `apply` may start
    again: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault: `rules` for the proxy, and `act`, called once when the first Job runs."""

    name: str
    rules: tuple[tuple[str, str, int, int], ...] = ()  # how, match, times, status
    act: Callable[[Scene], None] | None = None
    callers: int = 1
    clock: str = ""  # offset of the clock of `apply`
    retry: bool = False  # the plan completes only with `--retry`


def _kill_server(scene: Scene) -> None:
    scene.shop.server.kill()
    time.sleep(2)
    scene.shop.server.start()


def _kill_apply(scene: Scene) -> None:
    assert scene.process is not None
    scene.process.send_signal(signal.SIGKILL)


def _first(scene: Scene) -> str:
    return scene.shop.plan.pending[0].name


def _delete_running(scene: Scene) -> None:
    scene.shop.player.delete(_first(scene))


def _time_to_live(scene: Scene) -> None:
    """End and delete the Job while no `apply` runs."""
    with scene.starting:
        _kill_apply(scene)
        wait_until(lambda: scene.process is None or scene.process.poll() is not None, "the killed apply has ended")
        scene.shop.player.finish(_first(scene))
        scene.shop.player.delete(_first(scene))


def _evict(scene: Scene) -> None:
    scene.shop.player.end_pod(f"{_first(scene)}-1", 143, reason="Evicted")
    scene.shop.player.start(_first(scene))


def _lose_node(scene: Scene) -> None:
    scene.shop.player.core.delete_namespaced_pod(f"{_first(scene)}-1", scene.shop.namespace, grace_period_seconds=0)
    scene.shop.player.start(_first(scene))


def _change_spec(scene: Scene) -> None:
    _kill_apply(scene)
    shop = scene.shop
    shop.spec.write_text(shop.spec.read_text().replace("spec:\n", "spec:\n  rerun: 1\n", 1))
    assert shop.call("compile", str(shop.spec)).exit_code == 0


FAULTS = (
    Fault(name="none"),
    Fault(name="API server killed in the middle of apply", rules=(("kill-server", WRITES, 1, 0),)),
    Fault(name="API server killed while it is watched", act=_kill_server),
    Fault(name="409 on the ledger", rules=(("status", LEDGER, 3, 409),)),
    Fault(name="429 with Retry-After", rules=(("status", "", 6, 429),)),
    Fault(name="500", rules=(("status", "", 6, 500),)),
    Fault(name="503", rules=(("status", WRITES, 6, 503),)),
    Fault(name="connection dropped before the request", rules=(("drop", "", 6, 0),)),
    Fault(name="connection dropped after the write", rules=(("drop-after", WRITES, 5, 0),)),
    Fault(name="slow responses", rules=(("slow", WRITES, 2, 0),)),
    Fault(name="token expired", rules=(("status", WRITES, 1, 401),)),
    Fault(name="apply killed (SIGKILL)", act=_kill_apply),
    Fault(name="apply killed between claim and Job", rules=(("kill-apply", r"POST .*/jobs\?(?!.*dryRun)", 1, 0),)),
    Fault(name="two concurrent applies", callers=2),
    Fault(name="running Job deleted by hand", act=_delete_running, retry=True),
    Fault(name="Job complete and deleted by its time to live before `apply` read its result", act=_time_to_live),
    Fault(name="clock 400 days behind", clock="-400d"),
    Fault(name="clock 400 days ahead", clock="+400d"),
    Fault(name="pod evicted", act=_evict),
    Fault(name="node lost", act=_lose_node),
    Fault(name="spec changed while its Job runs", act=_change_spec),
)


@dataclass(frozen=True, kw_only=True)
class Survived:
    """The outcome: stages, stages that ran twice, results missing from the ledger, and calls of `apply`."""

    stages: int
    twice: int
    lost: int
    calls: int
    injected: int
    output: str


def survive(shop: Shop, fault: Fault) -> Survived:
    """Apply a plan under a fault until it is complete, like a CI that retries failures."""
    scene = Scene(shop=shop)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rules = [Rule(how, match, times, status, _headers(status)) for how, match, times, status in fault.rules]
        proxy = stack.enter_context(faulty(shop.kubeconfig, folder, rules))
        kubelet = stack.enter_context(Kubelet(scene, fault))
        calls, output = 0, ""
        while calls < CALLS:
            calls += fault.callers
            exit_code, stdout = _apply(scene, proxy, fault)
            output += stdout
            if exit_code == 0 and is_complete(stdout):
                break
        if kubelet.error is not None:
            raise kubelet.error
    stages = [each.name for each in shop.plan.pending]
    ledger = shop.ledger_by_job()
    return Survived(
        stages=len(stages),
        twice=sum(len(scene.uids.get(job, ())) > 1 + fault.retry * (job == stages[0]) for job in stages),
        lost=sum(not ledger.get(job, {}).get("result") for job in stages),
        calls=calls,
        injected=len(proxy.injected) + (fault.act is not None),
        output=output,
    )


def _headers(status: int) -> dict[str, str]:
    return {"Retry-After": "1"} if status == 429 else {}


def _apply(scene: Scene, proxy: Proxy, fault: Fault) -> tuple[int, str]:
    """Run `apply --wait` once or concurrently; return the worst exit code and the first output."""
    arguments = ["apply", str(scene.shop.folder), "--wait", "--kubeconfig", str(proxy.kubeconfig), *scene.again]
    with scene.starting:
        processes = [scene.shop.begin(*arguments, clock=fault.clock) for _ in range(fault.callers)]
        scene.process = processes[0]
    watcher = threading.Thread(target=_watch_for_kills, args=(scene, proxy), daemon=True)
    watcher.start()
    outputs = [each.communicate(timeout=HUNG_SECONDS) for each in processes]
    return max(abs(each.returncode) for each in processes), "".join(outputs[0])


def _watch_for_kills(scene: Scene, proxy: Proxy) -> None:
    """Kill the process of a rule of the proxy at the matching request."""
    process = scene.process
    while process is not None and process.poll() is None:
        for request in list(proxy.injected):
            if re.match("kill-", request):
                proxy.injected.remove(request)
                proxy.injected.append(f"done {request}")
                (_kill_server if request.startswith("kill-server") else _kill_apply)(scene)
        time.sleep(0.01)


class Kubelet:
    """Ends Jobs and counts them by uid; triggers the fault when the first one runs."""

    def __init__(self, scene: Scene, fault: Fault) -> None:
        self.error: BaseException | None = None
        self._scene = scene
        self._fault = fault
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._play, daemon=True)

    def __enter__(self) -> "Kubelet":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _play(self) -> None:
        acted = self._fault.act is None
        while not self._stopped.wait(0.1):
            try:
                for job in self._player.batch.list_namespaced_job(self._player.namespace).items:
                    name = job.metadata.name
                    self._scene.uids.setdefault(name, set()).add(job.metadata.uid)
                    if job.status.conditions or job.metadata.deletion_timestamp:
                        continue
                    if not job.status.active:
                        self._player.start(name)
                    elif not acted:
                        acted = True
                        self._act()
                    else:
                        self._end(name)
            except Exception as error:  # some faults stop the server
                if not _is_down(error):
                    self.error = error
                    if self._scene.process is not None:
                        self._scene.process.terminate()
                    return

    @property
    def _player(self) -> Player:
        return self._scene.shop.player

    def _act(self) -> None:
        assert self._fault.act is not None
        time.sleep(1)  # let `apply` see the Job run
        self._fault.act(self._scene)

    def _end(self, name: str) -> None:
        if not name.endswith("-report"):
            return self._player.finish(name)
        whole = name.removesuffix("-report")
        ended_unread = self._fault.act is _time_to_live
        if ended_unread:
            return self._player.finish(
                name, {"status": "already-complete", "exit_code": 0, "metrics": {}, "gate": None}
            )
        self._scene.again[:] = ["--retry"]
        assert whole
        return self._player.finish(
            name, {"status": "failed", "exit_code": 66, "code": "RUN749", "message": "no result"}
        )


def _is_down(error: Exception) -> bool:
    return "Max retries" in str(error) or "Connection" in str(error) or getattr(error, "status", None) in (404, 409)
