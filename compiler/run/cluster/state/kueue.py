"""The state of queued Jobs in Kueue: their places, and why they get no quota.

If Kueue is missing, too old, or may not be read, the result is empty.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compiler.run.cluster.api.client import Api, Object
from compiler.run.cluster.api.errors import ApiError
from compiler.run.cluster.state.jobs import JobView

_VERSIONS = ("v1beta2", "v1beta1")  # of both APIs, the newest first
_UID = "kueue.x-k8s.io/job-uid"
_MOST_JOBS = 50  # in one request: the URL contains their uids


def kueue_reasons(api: Api, namespace: str, jobs: Sequence[JobView]) -> dict[str, str]:
    """Return by Job its place in the queue and why it has no quota.

    The text is empty if Kueue gives neither.
    """
    if not jobs:
        return {}
    places: dict[str, str] = {}
    for queue in sorted({job.queue for job in jobs}):
        places |= {uid: f"position {place} in `{queue}`" for uid, place in _places(api, namespace, queue)}
    conditions: dict[str, str] = {}
    for first in range(0, len(jobs), _MOST_JOBS):
        conditions |= _conditions(api, namespace, jobs[first : first + _MOST_JOBS])
    return {job.name: "; ".join(filter(None, (places.get(job.uid), conditions.get(job.uid)))) for job in jobs}


def _places(api: Api, namespace: str, queue: str) -> Iterator[tuple[str, int]]:
    """Yield the uid and place (from 1) of each Job that waits in a queue."""
    path = f"namespaces/{namespace}/localqueues/{queue}/pendingworkloads"
    for item in _items(api, "visibility.kueue.x-k8s.io", path, {}):
        for owner in item["metadata"].get("ownerReferences") or []:
            yield owner["uid"], int(item.get("positionInLocalQueue") or 0) + 1


def _conditions(api: Api, namespace: str, jobs: Sequence[JobView]) -> dict[str, str]:
    """Return by Job uid why its Workload was evicted, else why it gets no quota."""
    query = {"labelSelector": f"{_UID} in ({','.join(job.uid for job in jobs)})"}
    found = _items(api, "kueue.x-k8s.io", f"namespaces/{namespace}/workloads", query)
    return {item["metadata"]["labels"][_UID]: _condition(item) for item in found}


def _condition(workload: Object) -> str:
    by_type = {each["type"]: each for each in (workload.get("status") or {}).get("conditions") or []}
    evicted, quota = by_type.get("Evicted", {}), by_type.get("QuotaReserved", {})
    if evicted.get("status") == "True":
        return _condition_text(evicted)
    return str(quota.get("message") or "") if quota.get("status") == "False" else ""


def _condition_text(condition: Mapping[str, Any]) -> str:
    return ": ".join(str(condition[name]) for name in ("reason", "message") if condition.get(name))


def _items(api: Api, group: str, path: str, query: Mapping[str, str]) -> list[Object]:
    for version in _VERSIONS:
        try:
            found = api.get(f"/apis/{group}/{version}/{path}", query, once=True)
        except ApiError as error:
            if error.status != 404:
                return []
        else:
            return list(found.get("items") or [])
    return []
