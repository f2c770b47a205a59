"""The launch of several processes with PyTorch's elastic agent, reduced to one exit code."""

import contextlib
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from runtime.contract.errors import StageError
from runtime.contract.exit_codes import ExitCode
from runtime.distributed.group import SECONDS_AFTER_A_STOP, Group, meet, worst
from runtime.distributed.node import Place
from runtime.stage.events import EventStream
from runtime.stage.stop import StopRequest

_END = b"\nend of events\n"  # not JSON, so it cannot be an event of a process


def launch(config_path: Path, digest: str, place: Place, events: EventStream, stop: StopRequest) -> dict[str, Any]:
    """Run the stage in this node's processes; return the termination message of the worst ending.

    All nodes must run the config of this `digest`. The events of the first process are forwarded, except its last. A
    stop reaches all processes. RUN748 if another node failed, and RUN770 if it never arrived.
    """
    if place.node.count > 1:
        events.emit("phase", name="wait for the other nodes")
    group = meet(place.node, digest, stop)
    try:
        with stop.worth_waiting_for(SECONDS_AFTER_A_STOP + 5):
            try:
                message = _run_ranks(config_path, digest, place, group, events, stop)
            except StageError as error:
                group.end(error.exit_code)
                raise
            group.end(message["exit_code"])
    finally:
        group.close()
    return message


def _run_ranks(
    config_path: Path, digest: str, place: Place, group: Group, events: EventStream, stop: StopRequest
) -> dict[str, Any]:
    from runtime.distributed.agent import run_agent

    processes = place.world // place.node.count
    with TemporaryDirectory(prefix="trainspec-") as folder:
        logs = [Path(folder) / f"{rank}.json" for rank in range(processes)]
        with _forwarded(events) as writing:
            codes = run_agent(config_path, digest, place, group, stop, logs=logs, events=writing)
        messages = {rank: message for rank, log in enumerate(logs) if (message := _read(log)) is not None}
    return _worst_ending(codes, messages, place, stop)


@contextmanager
def _forwarded(events: EventStream) -> Iterator[int]:
    """Yield a file descriptor whose events are forwarded, except `error` and `end`."""
    reading, writing = os.pipe()
    stream = os.fdopen(reading, encoding="utf-8", errors="replace")
    reader = threading.Thread(target=_forward, args=(stream, events), daemon=True)
    reader.start()
    try:
        yield writing
    finally:
        os.write(writing, _END)
        os.close(writing)
        reader.join(timeout=5)


def _forward(stream: TextIO, events: EventStream) -> None:
    for line in iter(stream.readline, _END.decode().lstrip()):
        with contextlib.suppress(ValueError):
            event = json.loads(line)
            if event["event"] not in ("error", "end"):
                events.emit(event.pop("event"), **event)


def _read(log: Path) -> dict[str, Any] | None:
    with contextlib.suppress(OSError, ValueError):
        message: dict[str, Any] = json.loads(log.read_text(encoding="utf-8"))
        return message
    return None


def _worst_ending(
    codes: dict[int, int], messages: dict[int, dict[str, Any]], place: Place, stop: StopRequest
) -> dict[str, Any]:
    """Return the message of the process that caused the end; RUN743 or RUN740 if it left none."""
    # A process's own message takes precedence: a signal from the agent may arrive before its exit.
    codes = codes | {rank: message["exit_code"] for rank, message in messages.items()}
    if place.node.rank and codes and not any(codes.values()):  # rank 0 reports the results
        return {"status": "complete", "exit_code": int(ExitCode.OK)}
    rank = worst(codes) if codes else 0
    if rank in messages:
        return messages[rank]
    code = codes.get(rank, -signal.SIGKILL)
    if stop.is_set and rank not in codes:
        text = f"stopped by {stop.signal_name}; the process of rank {rank} was killed"
        raise StageError("RUN740", text, "run the stage again: it resumes from the last checkpoint")
    if code < 0:
        name = signal.Signals(-code).name
        hint = "find out what killed it: usually the kernel, when memory runs out"
        raise StageError("RUN743", f"the process of rank {rank} was killed by {name}", hint)
    raise StageError("RUN743", f"the process of rank {rank} ended with {code} and no message", "see the log on stderr")
