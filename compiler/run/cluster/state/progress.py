"""The log progress of a running stage: its runtime logs one JSON object a line."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.errors import ApiError
from compiler.run.cluster.api.kinds import POD
from compiler.run.cluster.state.jobs import JobView, Phase, PodView
from runtime.contract.events import EventName

_TAIL = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """The last log progress; `done` and `total` count steps or questions."""

    done: int | None = None
    total: int | None = None
    loss: float | None = None
    seconds_left: float | None = None
    phase: str = ""


def read_progress(api: Api, namespace: str, job: JobView) -> Progress | None:
    """Read the log progress of a Job; None if it does not run or its log cannot be read now."""
    pod = job.leading
    if job.phase is not Phase.RUNNING or pod is None or pod.phase != "Running":
        return None
    try:
        text = tail(api, namespace, pod, _TAIL)
    except ApiError:  # the kubelet may be down, and a status table does not wait for it
        return None
    return progress_of(events(text))


def tail(api: Api, namespace: str, pod: PodView, lines: int) -> str:
    """Read the last lines of a pod's log."""
    path = f"{POD.path(namespace, pod.name)}/log"
    return api.text(path, {"container": pod.container, "tailLines": lines})


def events(text: str) -> Iterator[Mapping[str, Any]]:
    """Yield the structured lines of a log."""
    for line in text.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event:
            yield event


def progress_of(found: Iterator[Mapping[str, Any]]) -> Progress:
    """Return the progress after the last of the events."""
    current = Progress()
    for event in found:
        name: EventName = event["event"]
        match name:
            case "step":
                done, total = event.get("step"), event.get("max_steps")
                loss = event.get("loss")
                current = Progress(done=done, total=total, loss=loss, seconds_left=_left(event), phase="train")
            case "progress":
                current = Progress(done=event.get("done"), total=event.get("total"), phase=current.phase)
            case "phase":
                current = Progress(phase=str(event.get("name") or ""))
    return current


def _left(event: Mapping[str, Any]) -> float | None:
    done, total, seconds = event.get("step"), event.get("max_steps"), event.get("seconds")
    if isinstance(done, int) and isinstance(total, int) and isinstance(seconds, int | float):
        return (total - done) * float(seconds)
    return None
