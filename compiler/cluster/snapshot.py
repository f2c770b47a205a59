"""What is in the cluster now: one list for all plans of a namespace, kept current by a watch where somebody waits."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from compiler.cluster.api import Api, Object
from compiler.cluster.kinds import KINDS, POD, Kind
from compiler.cluster.ledger import SELECTOR, Ledger, parse
from compiler.cluster.problems import ApiError, ClusterError
from compiler.cluster.refusals import refusal
from compiler.cluster.retries import pause
from compiler.cluster.views import JobView, PodView, job_view, pod_view

MANAGED = "app.kubernetes.io/managed-by=trainspec"
_PODS = "pods"
_GONE = 410
_FINAL = (400, 401, 403, 404)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A namespace at a moment: Jobs by name, ledgers by plan."""

    jobs: Mapping[str, JobView] = field(default_factory=dict)
    ledgers: Mapping[str, Ledger] = field(default_factory=dict)

    def of_plan(self, plan: str) -> tuple[JobView, ...]:
        """The Jobs of a plan, by name."""
        return tuple(self.jobs[name] for name in sorted(self.jobs) if self.jobs[name].plan == plan)


def look(api: Api, namespace: str, kinds: tuple[str, ...], *, plan: str = "") -> Seen:
    """List the ledgers of a namespace, its workloads of `kinds` (`apiVersion kind`) and their pods; of one plan only
    where it is named. Ledgers come first, so that a Job which one knows of and which is not there then is gone.
    """
    only = f"app.kubernetes.io/part-of={plan}" if plan else ""
    ledgers = {}
    for item in _items(api, KINDS["v1 ConfigMap"], namespace, _and(SELECTOR, only)):
        name = item["metadata"]["labels"].get("app.kubernetes.io/part-of", "")
        ledgers[name] = parse(item, name)
    workloads = [
        _slim({**item, "kind": kind.split()[1]})
        for kind in kinds
        for item in _items(api, KINDS[kind], namespace, _and(MANAGED, only))
    ]
    # all pods where no plan is named: one belongs to a Job by what its controller wrote, whatever its template says
    pods = [pod_view(item) for item in _items(api, POD, namespace, only)]
    return Seen(jobs=_jobs(workloads, pods), ledgers=ledgers)


def _and(*selectors: str) -> str:
    return ",".join(filter(None, selectors))


def _items(api: Api, kind: Kind, namespace: str, selector: str) -> Iterator[Object]:
    query = {"labelSelector": selector} if selector else {}
    for page, _ in api.pages(kind.collection(namespace), query):
        yield from page


def _jobs(workloads: list[Object], pods: list[PodView]) -> dict[str, JobView]:
    of: dict[str, list[PodView]] = {}
    for pod in pods:
        of.setdefault(pod.job, []).append(pod)
    return {each["metadata"]["name"]: job_view(each, of.get(each["metadata"]["name"], [])) for each in workloads}


def _slim(item: Object) -> Object:
    """What a view needs: a template is most of a Job, and there may be thousands."""
    meta = {name: value for name, value in item["metadata"].items() if name != "managedFields"}
    spec = {"suspend": (item.get("spec") or {}).get("suspend")}
    return {"kind": item["kind"], "metadata": meta, "status": item.get("status") or {}, "spec": spec}


class Watch:
    """Keeps the workloads and pods of a namespace current in threads of its own, until it is closed.

    A watch that ends, breaks or is too old is begun again, from a new list where it has to be.
    """

    def __init__(self, api: Api, namespace: str, kinds: tuple[str, ...]) -> None:
        self._api = api
        self._namespace = namespace
        self._changed = threading.Condition()
        self._stores: dict[str, dict[str, Any]] = {kind: {} for kind in (*kinds, _PODS)}
        self._listed: set[str] = set()
        self._failure: ClusterError | None = None
        self._closed = False
        self._count = 0
        for kind in self._stores:
            threading.Thread(target=self._follow, args=(kind,), daemon=True, name=f"watch {kind}").start()

    def close(self) -> None:
        """Let the threads end with the stream that they read; they are daemons, so nothing waits for them."""
        self._closed = True

    def look(self) -> Seen:
        """The present state, without ledgers; ClusterError when the API server stayed away."""
        with self._changed:
            while self._listed != set(self._stores) and self._failure is None:
                self._changed.wait()
            if self._failure is not None:
                raise self._failure
            workloads = [each for kind, store in self._stores.items() if kind != _PODS for each in store.values()]
            return Seen(jobs=_jobs(workloads, list(self._stores[_PODS].values())))

    def wait(self, seconds: float) -> None:
        """Return when something changed, or after some seconds."""
        with self._changed:
            count = self._count
            self._changed.wait_for(lambda: self._count != count or self._failure is not None, timeout=seconds)

    def _follow(self, kind: str) -> None:
        """One thread's work: list, then follow what happens since, until it is closed or cannot go on."""
        attempt = 0
        version = ""
        while not self._closed:
            try:
                version = version or self._list(kind)
                for event in self._api.watch(self._path(kind), version, self._query(kind)):
                    attempt = 0
                    version = self._take(kind, event)
            except ApiError as error:
                attempt += 1
                if error.status == _GONE or attempt > 1:
                    version = ""
                if error.status in _FINAL:
                    self._fail(ClusterError(refusal(error, "watch", kind, self._namespace)))
                    break
                time.sleep(pause(attempt, {}))
            except ClusterError as error:
                self._fail(error)
                break

    def _fail(self, error: ClusterError) -> None:
        with self._changed:
            self._failure = error
            self._changed.notify_all()

    def _list(self, kind: str) -> str:
        store: dict[str, Any] = {}
        version = ""
        for page, version in self._api.pages(self._path(kind), self._query(kind)):  # noqa: B007 - the last one counts
            store |= {item["metadata"]["name"]: self._kept(kind, item) for item in page}
        with self._changed:
            self._stores[kind] = store
            self._listed.add(kind)
            self._count += 1
            self._changed.notify_all()
        return version

    def _take(self, kind: str, event: Object) -> str:
        """Take an event in; the version after it."""
        item = event["object"]
        with self._changed:
            if event["type"] == "DELETED":
                self._stores[kind].pop(item["metadata"]["name"], None)
            elif event["type"] != "BOOKMARK":
                self._stores[kind][item["metadata"]["name"]] = self._kept(kind, item)
            self._count += event["type"] != "BOOKMARK"
            self._changed.notify_all()
        return str(item["metadata"]["resourceVersion"])

    def _kept(self, kind: str, item: Object) -> Any:
        return pod_view(item) if kind == _PODS else _slim({**item, "kind": kind.split()[1]})

    def _path(self, kind: str) -> str:
        return (POD if kind == _PODS else KINDS[kind]).collection(self._namespace)

    def _query(self, kind: str) -> dict[str, str]:
        return {} if kind == _PODS else {"labelSelector": MANAGED}
