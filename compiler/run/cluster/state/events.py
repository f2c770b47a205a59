"""Warning events of Jobs and pods, and the details of a failed stage."""

import json
from collections.abc import Iterator
from dataclasses import replace

from compiler.diagnostics.credentials import masked
from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.errors import ApiError
from compiler.run.cluster.api.kinds import EVENT
from compiler.run.cluster.state.jobs import JobView
from compiler.run.cluster.state.progress import tail
from compiler.spec.workloads import WORKLOADS

_LINES = 15
_MOST_EVENTS = 8


def warnings_of(api: Api, namespace: str, name: str) -> list[tuple[str, str]]:
    """Return the warnings about an object as (reason, message), newest last.

    There are none if they cannot be read.
    """
    query = {"fieldSelector": f"involvedObject.name={name},type=Warning"}
    try:
        items = [item for page, _ in api.pages(EVENT.collection(namespace), query) for item in page]
    except ApiError:
        return []
    items.sort(key=lambda item: item.get("lastTimestamp") or item.get("eventTime") or "")
    return [(str(item.get("reason") or ""), str(item.get("message") or "")) for item in items]


def warnings_in(api: Api, namespace: str) -> dict[str, list[tuple[str, str]]]:
    """Return the last warning about each workload and pod of a namespace.

    There are none if they cannot be read.
    """
    found: dict[str, tuple[str, str, str]] = {}
    try:
        for page, _ in api.pages(EVENT.collection(namespace), {"fieldSelector": "type=Warning"}):
            for item in page:
                about = item["involvedObject"]
                at = str(item.get("lastTimestamp") or item.get("eventTime") or "")
                warning = (at, str(item.get("reason") or ""), str(item.get("message") or ""))
                # a pod that cannot be scheduled has a condition, which, unlike the event, is current
                if about.get("kind") in WORKLOADS or (about.get("kind") == "Pod" and warning[1] != "FailedScheduling"):
                    found[about["name"]] = max(found.get(about["name"], warning), warning)
    except ApiError:
        return {}
    return {name: [(reason, message)] for name, (_, reason, message) in found.items()}


def objects_of(job: JobView) -> tuple[str, ...]:
    """Return the names of a workload, its inner Job and its pods, by which its events are found."""
    inner = WORKLOADS[job.kind].inner_job
    return job.name, *([job.name + inner] if inner else []), *(pod.name for pod in job.pods)


def details(api: Api, namespace: str, job: JobView) -> Iterator[str]:
    """Yield the events and the last log lines of a failed Job, to show below the failure."""
    pod = job.ending or job.leading
    names = objects_of(replace(job, pods=(pod,) if pod is not None else ()))
    about = [each for name in names for each in warnings_of(api, namespace, name)]
    yield from (masked(f"event {reason}: {message}") for reason, message in dict.fromkeys(about[-_MOST_EVENTS:]))
    if pod is not None:
        try:
            lines = tail(api, namespace, pod, _LINES).splitlines()
        except ApiError as error:
            yield f"cannot read the log of pod {pod.name}: {error}"
            return
        yield from (masked(f"log   {readable(line)}") for line in lines)


def readable(line: str) -> str:
    """Format a log line of the runtime for people; return any other line unchanged."""
    try:
        event = json.loads(line)
    except ValueError:
        return line
    if not isinstance(event, dict) or "event" not in event:
        return line
    fields = {name: value for name, value in event.items() if name not in ("event", "time")}
    text = " ".join(f"{name}={_plain(value)}" for name, value in fields.items() if value is not None)
    return f"{event['event']} {text}".strip()


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
