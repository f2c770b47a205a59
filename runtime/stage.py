"""One stage from its config to its exit code: lock the output folder, run the method, report."""

import fcntl
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runtime import evaluate, make_pairs, train_dpo, train_kto, train_reward, train_sft
from runtime.config.read import load_stage
from runtime.config.stages import AnyStage
from runtime.context import StageContext
from runtime.cpu import keep_freed_memory
from runtime.errors import Problem, StageError, as_write_failure
from runtime.exit_codes import ExitCode
from runtime.files import write_json
from runtime.interrupts import StopRequest
from runtime.progress import EventStream
from runtime.report import METRICS_FILE, SCHEMA, Outcome, read_complete, write_termination_message
from runtime.volumes import volumes_from_environment

METHODS: dict[str, Callable[[Any, StageContext], Outcome]] = {
    "sft": train_sft.run,
    "dpo": train_dpo.run,
    "kto": train_kto.run,
    "reward": train_reward.run,
    "pairs": make_pairs.run,
    "evaluate": evaluate.run,
}
_ENDINGS = {ExitCode.GATE_NOT_PASSED: "gate-not-passed", ExitCode.TRY_LATER: "try-later"}


def run_stage(config_path: str, events: EventStream, stop: StopRequest) -> ExitCode:
    """Run the stage of `config_path`; every failure ends as an event, a termination message and an exit code."""
    try:
        return _run(Path(config_path), events, stop)
    except StageError as error:
        failure = error
    except Exception as error:
        failure = as_write_failure(error) or _internal(error)
    _report_failure(failure.problem, failure.exit_code, events)
    return failure.exit_code


def _run(config_path: Path, events: EventStream, stop: StopRequest) -> ExitCode:
    started = time.monotonic()
    stage, config_sha256 = load_stage(config_path)
    volumes = volumes_from_environment()
    _require_one_process()
    folder = volumes.outputs / stage.output
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        events.emit("start", plan=stage.plan, stage=stage.stage, method=stage.method, output=stage.output)
        document = read_complete(folder, config_sha256)
        if document is not None:
            print(f"stage `{stage.stage}` is complete already: `{stage.output}/{METRICS_FILE}`", file=sys.stderr)
            return _finish(document, "already-complete", events)
        keep_freed_memory()
        context = StageContext(volumes=volumes, folder=folder, config_sha256=config_sha256, events=events, stop=stop)
        outcome = METHODS[stage.method](stage, context)
        document = _document(stage, config_sha256, outcome, time.monotonic() - started)
        write_json(folder / METRICS_FILE, document)
        return _finish(document, "complete", events)


def _document(stage: AnyStage, config_sha256: str, outcome: Outcome, seconds: float) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "plan": stage.plan,
        "stage": stage.stage,
        "method": stage.method,
        "status": "complete",
        "config_sha256": config_sha256,
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "wall_seconds": round(seconds, 3),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        **outcome.as_fields(),
    }


def _finish(document: dict[str, Any], status: str, events: EventStream) -> ExitCode:
    gate = document["gate"]
    passed = gate is None or gate["verdict"] != "no-gain"
    code = ExitCode.OK if passed else ExitCode.GATE_NOT_PASSED
    ending = _ENDINGS.get(code, status)
    events.emit("end", status=ending, exit_code=int(code), metrics=document["metrics"], gate=gate)
    write_termination_message({"status": ending, "exit_code": int(code), "metrics": document["metrics"], "gate": gate})
    return code


def _report_failure(problem: Problem, code: ExitCode, events: EventStream) -> None:
    ending = _ENDINGS.get(code, "failed")
    fields = {"code": problem.code, "message": problem.message, "hint": problem.hint}
    events.emit("error", **fields)
    events.emit("end", status=ending, exit_code=int(code))
    print(f"error[{problem.code}]: {problem.message}\n  = hint: {problem.hint}", file=sys.stderr)
    write_termination_message({"status": ending, "exit_code": int(code), **fields})


def _internal(error: Exception) -> StageError:
    traceback.print_exc()
    reason = (str(error).strip().splitlines() or [""])[0]
    return StageError(
        "RUN700",
        f"the stage failed inside: {type(error).__name__}: {reason}",
        "see the traceback on stderr, and report it if it recurs",
    )


def _require_one_process() -> None:
    # Several launched processes would otherwise train one model each, without a word, into one folder.
    world = os.environ.get("WORLD_SIZE", "1")
    if world != "1":
        raise StageError(
            "RUN703",
            f"`WORLD_SIZE` is `{world}`, and a stage runs as one process",
            "start the stage without a launcher",
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the output folder; the kernel lets go of it however the process ends."""
    with (folder / ".lock").open("w", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            message = f"output folder `{folder.name}` is in use by another process"
            raise StageError("RUN741", message, "wait for that process to end, then run the stage again") from error
        yield
