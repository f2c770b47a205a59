"""Run one Job as a process: volumes become folders; retries, deadline and exit codes follow the manifest.

The process logs to a file rather than to a pipe, so that it survives if the executor is killed.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler.run.local.jobs import COMMAND, LocalJob
from runtime.contract.exit_codes import ExitCode as StageExit
from runtime.contract.outputs import TERMINATION_LOG

POLL_SECONDS = 0.2
RETRY_SECONDS = 3.0

Event = Mapping[str, Any]
Watch = Callable[[Event], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Folders that volumes map to: base models, the spec's folder, and the work folder."""

    models: Path
    data: Path
    work: Path

    @property
    def outputs(self) -> Path:
        """The output folders, one per Job."""
        return self.work / "outputs"

    def log(self, job: str) -> Path:
        """Return the path of a Job's structured log, one JSON object per line."""
        return self.work / "logs" / f"{job}.jsonl"

    def errors(self, job: str) -> Path:
        """Return the path of the file with a Job's stderr."""
        return self.work / "logs" / f"{job}.err"

    def mapped(self, job: LocalJob) -> dict[str, Path]:
        """Return the local folder of each mount path of a Job."""
        known = {"models": self.models, "data": self.data, "outputs": self.outputs}
        own = self.work / "jobs" / job.name
        return {volume.mount_path: known.get(volume.name, own / volume.name) for volume in job.volumes}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a Job ended: the last exit code, the number of starts, and whether its deadline passed."""

    exit_code: int
    starts: int
    timed_out: bool


def run_job(job: LocalJob, places: Places, watch: Watch) -> Ended:
    """Run a Job until it finishes, may not be retried, or its deadline passes; pass each log event to `watch`."""
    mapped = _prepare(job, places)
    deadline = time.monotonic() + job.deadline_seconds
    starts = failures = 0
    while True:
        starts += 1
        code = _run_once(job, places, mapped, deadline, watch)
        if time.monotonic() >= deadline:
            return Ended(exit_code=code, starts=starts, timed_out=True)
        failures += code not in (StageExit.OK, StageExit.TRY_LATER)
        if code == StageExit.OK or code in job.never_retry or failures > job.backoff_limit:
            return Ended(exit_code=code, starts=starts, timed_out=False)
        watch({"event": "retry", "exit_code": code})
        time.sleep(RETRY_SECONDS)


def _prepare(job: LocalJob, places: Places) -> dict[str, Path]:
    mapped = places.mapped(job)
    for volume in job.volumes:
        if volume.scratch or volume.name in ("config", "outputs"):
            mapped[volume.mount_path].mkdir(parents=True, exist_ok=True)
    config = next(folder for mount, folder in mapped.items() if job.args[0].startswith(f"{mount}/"))
    (config / Path(job.args[0]).name).write_text(job.config_text, encoding="utf-8")
    places.log(job.name).parent.mkdir(parents=True, exist_ok=True)
    return mapped


def _run_once(job: LocalJob, places: Places, mapped: Mapping[str, Path], deadline: float, watch: Watch) -> int:
    with places.log(job.name).open("ab") as out, places.errors(job.name).open("ab") as err:
        start = out.tell()
        process = subprocess.Popen(  # noqa: S603 - the command is our own runtime, checked when the manifest was read
            [sys.executable, *COMMAND[1:], *(_translate(arg, mapped) for arg in job.args)],
            env=_environment(job, places, mapped),
            cwd=places.work,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    log = _Log(places.log(job.name), start)
    try:
        while process.poll() is None:
            log.drain(watch)
            if time.monotonic() >= deadline:
                _stop(process, job.grace_seconds)
            time.sleep(POLL_SECONDS)
        log.drain(watch)
    except BaseException:
        # after Ctrl-C or a bug here, the stage writes a checkpoint and ends, as it does when its pod is deleted
        try:
            log.drain(watch)
            watch({"event": "stopping"})
        finally:
            _stop(process, job.grace_seconds)
        with suppress(OSError):  # after SIGHUP there may be no terminal to show it on
            log.drain(watch)
        raise
    return process.returncode


def _environment(job: LocalJob, places: Places, mapped: Mapping[str, Path]) -> dict[str, str]:
    """Return the variables that the manifest names, and those that a container image would set."""
    image = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
    secrets = {name: os.environ[name] for name in job.secrets if name in os.environ}
    plain = {name: _translate(value, mapped) for name, value in job.env.items()}
    plain[TERMINATION_LOG] = str(places.work / "logs" / f"{job.name}.termination")
    # keep a package called `runtime` in the work folder from shadowing ours
    return image | secrets | plain | {"PYTHONSAFEPATH": "1"}


def _translate(value: str, mapped: Mapping[str, Path]) -> str:
    """Return the local path of a path below a mount point; return any other value unchanged."""
    for mount, folder in mapped.items():
        if value == mount or value.startswith(f"{mount}/"):
            return str(folder) + value[len(mount) :]
    return value


class _Log:
    """The events that a process appends to a log after offset `start`.

    An interrupt while it is read loses no whole line.
    """

    def __init__(self, path: Path, start: int) -> None:
        self._path, self._start = path, start

    def drain(self, watch: Watch) -> None:
        """Pass each new event to `watch`."""
        with self._path.open("rb") as stream:
            stream.seek(self._start)
            for line in stream:
                if not line.endswith(b"\n"):  # still being written
                    return
                self._start += len(line)
                if event := _event(line):
                    watch(event)


def _event(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _stop(process: subprocess.Popen[bytes], grace_seconds: int) -> None:
    """Let a stage write a checkpoint and end; kill it after the grace period, or at another Ctrl-C."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=grace_seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
    except BaseException:
        _kill(process)
        raise


def _kill(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
