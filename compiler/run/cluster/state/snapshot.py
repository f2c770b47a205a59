"""Snapshots of a namespace, and a watch that keeps one current.

One list request a kind serves all plans.
"""

import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from compiler.run.cluster.api.client import Api, Object
from compiler.run.cluster.api.errors import ApiError, ClusterError, refusal
from compiler.run.cluster.api.kinds import CONFIG_MAP, KINDS, POD
from compiler.run.cluster.api.retries import pause
from compiler.run.cluster.state.jobs import JobView, PodView, job_view, pod_view
from compiler.run.cluster.state.ledger import SELECTOR, Ledger, kinds_begun, parse
from compiler.spec.labels import MANAGED_BY, OURS, PART_OF, QUEUE, TRAINSPEC
from compiler.spec.workloads import Kind

MANAGED = f"{MANAGED_BY}={TRAINSPEC}"
_OF_VIEW = ("name", "uid", "labels", "annotations", "creationTimestamp", "deletionTimestamp")
_PODS = "pods"
_GONE = 410
_FINAL = (400, 401, 403, 404)


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """A namespace at one time: its Jobs, and the Jobs and ledger of each plan."""

    jobs: Mapping[str, JobView] = field(default_factory=dict)
    names: Mapping[str, set[str]] = field(default_factory=dict)
    ledgers: Mapping[str, Object] = field(default_factory=dict)

    def of_plan(self, plan: str) -> tuple[JobView, ...]:
        """Return the Jobs of a plan, sorted by name."""
        return tuple(self.jobs[name] for name in sorted(self.names.get(plan, ())))

    def ledger(self, plan: str, namespace: str) -> Ledger:
        """Return the ledger of a plan, empty if it is missing; CLU614 if it cannot be read."""
        found = self.ledgers.get(plan)
        return parse(found, plan) if found is not None else Ledger(plan=plan, namespace=namespace)


def take_snapshot(api: Api, namespace: str, kinds: tuple[str, ...], *, plan: str = "") -> Snapshot:
    """List the ledgers, workloads and pods of a namespace, or only those of `plan`.

    Lists the workloads of `kinds` (`apiVersion kind`) and of the kinds in the ledgers. Lists the ledgers first, so that
    a Job that is in a ledger but not in a later list is gone.
    """
    only = f"{PART_OF}={plan}" if plan else ""
    ledgers = {}
    for item in _items(api, CONFIG_MAP, namespace, _and(SELECTOR, only)):
        item["metadata"].pop("managedFields", None)
        ledgers[item["metadata"]["labels"].get(PART_OF, "")] = item
    begun = {kind for each in ledgers.values() for kind in kinds_begun(each)}
    workloads = [
        _slim({**item, "kind": kind.split()[1]})
        for kind in (*kinds, *_served(api, namespace, begun - {*kinds}))
        for item in _workloads(api, kind, namespace, _and(MANAGED, only))
    ]
    # without a plan, list all pods: controllers, not templates, set the labels that link a pod to its Job
    pods: dict[str, list[PodView]] = {}
    for item in _items(api, POD, namespace, only):
        pod = pod_view(item)
        pods.setdefault(pod.job, []).append(pod)
    jobs = {each["metadata"]["name"]: job_view(each, pods.get(each["metadata"]["name"], ())) for each in workloads}
    names: dict[str, set[str]] = {}
    for job in jobs.values():
        names.setdefault(job.plan, set()).add(job.name)
    return Snapshot(jobs=jobs, names=names, ledgers=ledgers)


def _served(api: Api, namespace: str, kinds: Collection[str]) -> Iterator[str]:
    """Yield the kinds that can be listed.

    The operator of an earlier version's kind may be uninstalled.
    """
    for kind in sorted(kinds):
        try:
            api.get(KINDS[kind].collection(namespace), {"limit": 1})
        except ApiError as error:
            if error.status not in (403, 404):
                raise
        else:
            yield kind


def _and(*selectors: str) -> str:
    return ",".join(filter(None, selectors))


def _items(api: Api, kind: Kind, namespace: str, selector: str) -> Iterator[Object]:
    query = {"labelSelector": selector} if selector else {}
    for page, _ in api.pages(kind.collection(namespace), query):
        yield from page


def _workloads(api: Api, kind: str, namespace: str, selector: str) -> Iterator[Object]:
    try:
        yield from _items(api, KINDS[kind], namespace, selector)
    except ApiError as error:
        error.about = f"kind `{kind}`"
        raise


def _slim(item: Object) -> Object:
    """Reduce a workload to the fields of its view.

    The template and managed fields are most of its size, and there may be thousands.
    """
    meta = {name: value for name, value in item["metadata"].items() if name in _OF_VIEW}
    meta["labels"] = {name: value for name, value in (meta.get("labels") or {}).items() if name in (PART_OF, QUEUE)}
    notes = meta.get("annotations") or {}
    meta["annotations"] = {name: value for name, value in notes.items() if name.startswith(OURS)}
    spec = {"suspend": (item.get("spec") or {}).get("suspend")}
    return {"kind": item["kind"], "metadata": meta, "status": item.get("status") or {}, "spec": spec}


class Watch:
    """The current workloads and pods of a namespace, updated by threads until `close`.

    A watch that ends, breaks or expires starts again, from a new list if necessary. `snapshot` renews only the views
    of Jobs that had events.
    """

    def __init__(self, api: Api, namespace: str, kinds: tuple[str, ...]) -> None:
        self._api = api
        self._namespace = namespace
        self._changed = threading.Condition()
        self._stores: dict[str, dict[str, Any]] = {kind: {} for kind in (*kinds, _PODS)}
        self._pods: dict[str, dict[str, PodView]] = {}  # by Job, then by name
        self._touched: set[str] = set()  # Jobs with events since the last snapshot
        self._jobs: dict[str, JobView] = {}
        self._names: dict[str, set[str]] = {}
        self._listed: set[str] = set()
        self._failure: ClusterError | None = None
        self._closed = False
        self._count = 0
        for kind in self._stores:
            threading.Thread(target=self._follow, args=(kind,), daemon=True, name=f"watch {kind}").start()

    def close(self) -> None:
        """Let each thread end with its current stream.

        The threads are daemons, so nothing waits for them.
        """
        self._closed = True

    def snapshot(self) -> tuple[Snapshot, set[str]]:
        """Return the current state without ledgers, and the plans that changed since the last call.

        The returned snapshot is updated in place by the next call. ClusterError if the API server stays unreachable.
        """
        with self._changed:
            while self._listed != set(self._stores) and self._failure is None:
                self._changed.wait()
            if self._failure is not None:
                raise self._failure
            plans = {plan for job in self._touched for plan in self._renew(job)}
            self._touched.clear()
        return Snapshot(jobs=self._jobs, names=self._names), plans

    def _renew(self, job: str) -> Iterator[str]:
        """Renew the view of a Job; yield the plans that it belonged or belongs to."""
        old = self._jobs.pop(job, None)
        if old is not None:
            self._names[old.plan].discard(job)
            yield old.plan
        stores = (store for kind, store in self._stores.items() if kind != _PODS)
        found = next((store[job] for store in stores if job in store), None)
        if found is not None:
            new = self._jobs[job] = job_view(found, self._pods.get(job, {}).values())
            self._names.setdefault(new.plan, set()).add(job)
            yield new.plan

    def wait(self, seconds: float) -> None:
        """Return after a change, or after `seconds`."""
        with self._changed:
            count = self._count
            self._changed.wait_for(lambda: self._count != count or self._failure is not None, timeout=seconds)

    def _follow(self, kind: str) -> None:
        """Run one thread: list the objects of a kind, then watch them, until closed or failed."""
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
            store |= {item["metadata"]["name"]: self._reduced(kind, item) for item in page}
        with self._changed:
            for name in [*self._stores[kind]]:
                self._store(kind, name, None)
            for name, reduced in store.items():
                self._store(kind, name, reduced)
            self._listed.add(kind)
            self._count += 1
            self._changed.notify_all()
        return version

    def _take(self, kind: str, event: Object) -> str:
        """Store the object of an event; return the version after it."""
        item = event["object"]
        if event["type"] != "BOOKMARK":
            reduced = self._reduced(kind, item) if event["type"] != "DELETED" else None
            with self._changed:
                self._store(kind, item["metadata"]["name"], reduced)
                self._count += 1
                self._changed.notify_all()
        return str(item["metadata"]["resourceVersion"])

    def _store(self, kind: str, name: str, reduced: Any) -> None:
        """Store an object, or delete it if `reduced` is None, and mark its Job for renewal."""
        old = self._stores[kind].pop(name, None)
        if reduced is not None:
            self._stores[kind][name] = reduced
        if kind != _PODS:
            self._touched.add(name)
            return
        for pod in (old, reduced):
            if pod is not None:
                self._touched.add(pod.job)
        if old is not None:
            del self._pods[old.job][name]
            if not self._pods[old.job]:
                del self._pods[old.job]
        if reduced is not None:
            self._pods.setdefault(reduced.job, {})[name] = reduced

    def _reduced(self, kind: str, item: Object) -> Any:
        return pod_view(item) if kind == _PODS else _slim({**item, "kind": kind.split()[1]})

    def _path(self, kind: str) -> str:
        return (POD if kind == _PODS else KINDS[kind]).collection(self._namespace)

    def _query(self, kind: str) -> dict[str, str]:
        return {} if kind == _PODS else {"labelSelector": MANAGED}
