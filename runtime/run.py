"""The run of a stage, from its config to its exit code."""

import fcntl
import hashlib
import resource
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from runtime.contract.errors import Problem, StageError, as_write_failure
from runtime.contract.exit_codes import ExitCode
from runtime.contract.files import write_atomically
from runtime.contract.outputs import METRICS_FILE, NOT_PASSED, Status
from runtime.contract.stages import AnyStage
from runtime.contract.volumes import volumes_from_environment
from runtime.distributed.launch import launch
from runtime.distributed.node import Place, place_of
from runtime.distributed.ranks import leave
from runtime.model.cpu import keep_freed_memory
from runtime.stage.config import load_stage
from runtime.stage.context import StageContext
from runtime.stage.events import EventStream
from runtime.stage.files import write_json
from runtime.stage.memory import as_memory_failure
from runtime.stage.page import write_page
from runtime.stage.parts import counted_parts, forget_parts
from runtime.stage.report import (
    CHECKPOINTS,
    CONFIG_FILE,
    SCHEMA,
    Outcome,
    read_complete,
    result_message,
    write_termination_message,
)
from runtime.stage.score_line import score_line
from runtime.stage.stop import StopRequest
from runtime.train.trainer_args import check_trackers

# The modules of methods outside `runtime.train.methods.<method>`; each has `run(stage, context)`.
MODULES = {
    "load": "runtime.make.inputs.stage",
    "cot": "runtime.train.methods.sft",
    "pairs": "runtime.make.pairs",
    "teacher": "runtime.make.teacher.stage",
    "sample": "runtime.make.samples",
    "augment": "runtime.make.augment.stage",
    "optimize-prompt": "runtime.make.prompts.stage",
    "preflight": "runtime.scoring.preflight.stage",
    "probe": "runtime.evaluate.probe.stage",
    "evaluate": "runtime.evaluate.stage",
}
_LOCK = ".lock"
_ENDINGS: dict[ExitCode, Status] = {
    ExitCode.GATE_NOT_PASSED: "gate-not-passed",
    ExitCode.TRY_LATER: "try-later",
    ExitCode.GROUP_ENDED: "try-later",
}


def run_stage(config_path: str, events: EventStream, stop: StopRequest, *, report_only: bool = False) -> ExitCode:
    """Run the stage of `config_path`; report every failure as an event and a termination message.

    With `report_only`, do not run the stage but repeat the result of a finished one; RUN749 without a result.
    """
    try:
        return _run(Path(config_path), events, stop, report_only=report_only)
    except StageError as error:
        failure = error
    except Exception as error:
        failure = as_write_failure(error) or _internal(error)
    report_failure(failure.problem, failure.exit_code, events)
    return failure.exit_code


def _run(config_path: Path, events: EventStream, stop: StopRequest, *, report_only: bool) -> ExitCode:
    started = time.monotonic()
    stage, config_sha256 = load_stage(config_path)
    volumes = volumes_from_environment()
    place = Place() if report_only else place_of(stage)  # any pod may report a result
    folder = _make_folder(volumes.outputs / stage.output)
    if place.rank > 0:
        events = EventStream(None)
    with _locked(folder, place):
        if not place.is_launched:
            events.emit("start", plan=stage.plan, stage=stage.stage, method=stage.method, output=stage.output)
        # A load stage writes to other volumes, whose files may be deleted since: it always checks them.
        document = None if stage.method == "load" else read_complete(folder, config_sha256)
        if document is not None:
            print(f"stage `{stage.stage}` has already finished: `{stage.output}/{METRICS_FILE}`", file=sys.stderr)
            return _finish(document, "already-complete", folder, events)
        if report_only:
            message = f"stage `{stage.stage}` has no result under `{stage.output}`"
            raise StageError("RUN749", message, "run the stage without `--report`: it resumes from its checkpoint")
        check_trackers(stage)
        if place.must_launch:
            return _report_launched(launch(config_path, config_sha256, place, events, stop), place, events)
        context = StageContext(
            volumes=volumes,
            folder=folder,
            config_sha256=config_sha256,
            events=events,
            stop=stop,
            stage=stage,
            rank=place.rank,
            world=place.world,
        )
        if context.is_main:  # now, because the file may change before the stage ends
            write_atomically(folder / CONFIG_FILE, config_path.read_bytes())
        if not context.is_main:
            _run_method(context)
            return ExitCode.OK
        with counted_parts(folder, config_sha256, started) as parts:
            document = _document(stage, config_sha256, _run_method(context), parts())
        write_page(document, stage, folder, events)
        write_json(folder / METRICS_FILE, document)
        # Only now: before the results are written, a failed write would lose the whole training.
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
        forget_parts(folder)
        return _finish(document, "complete", folder, events)


def method_of(name: str) -> Callable[[Any, StageContext], Outcome]:
    """Import the module of a method, and return its `run` function."""
    module = import_module(MODULES.get(name, f"runtime.train.methods.{name.replace('-', '_')}"))
    run: Callable[[Any, StageContext], Outcome] = module.run
    return run


def _run_method(context: StageContext) -> Outcome:
    keep_freed_memory()
    context.stop.overdue = lambda: report_failure(_overdue(context.stop), ExitCode.TRY_LATER, context.events)
    try:
        outcome = method_of(context.stage.method)(context.stage, context)
    except Exception as error:
        failure = as_memory_failure(error, context.stage)
        if failure is None:
            raise
        raise failure from error
    leave()  # not after a failure: this process and the others could wait for each other
    return outcome


def _overdue(stop: StopRequest) -> Problem:
    return Problem(
        code="RUN740",
        message=f"stopped by {stop.signal_name}: the current operation took longer than {stop.patience:g} s",
        hint="run the stage again: it resumes from its files on the disk",
    )


def _report_launched(message: dict[str, Any], place: Place, events: EventStream) -> ExitCode:
    """Report the worst ending of several processes; return its exit code."""
    code = ExitCode(message["exit_code"])
    if "code" in message:
        events.emit("error", **{name: message[name] for name in ("code", "message", "hint")})
    events.emit("end", **{name: value for name, value in message.items() if name not in ("code", "message", "hint")})
    if code or place.node.rank == 0:  # only the first node reports results
        write_termination_message(message)
    return code


def _document(stage: AnyStage, config_sha256: str, outcome: Outcome, parts: list[float]) -> dict[str, Any]:
    """Return metrics.json; `parts` are the seconds of each run of the stage, the last one last."""
    document = {
        "schema": SCHEMA,
        "plan": stage.plan,
        "stage": stage.stage,
        "method": stage.method,
        "status": "complete",
        "config_sha256": config_sha256,
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "wall_seconds": round(sum(parts), 3),
        "parts": parts,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        **_gpu_memory(),
        **outcome.as_fields(),
    }
    return {**document, "score": score_line(document)}


def _gpu_memory() -> dict[str, int]:
    """Return the peak memory of this process's tensors on its GPU, in MiB; empty without a GPU."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return {}
    return {"peak_gpu_memory_mb": round(torch.cuda.max_memory_allocated() / 2**20)}


def _finish(document: dict[str, Any], status: Status, folder: Path, events: EventStream) -> ExitCode:
    gate = document["gate"]
    passed = gate is None or gate["verdict"] not in NOT_PASSED
    code = ExitCode.OK if passed else ExitCode.GATE_NOT_PASSED
    ending = _ENDINGS.get(code, status)
    score = document.get("score", "")  # an older version wrote none
    events.emit("end", status=ending, exit_code=int(code), score=score, metrics=document["metrics"], gate=gate)
    print(f"{document['stage']}  done  {score}", file=sys.stderr)
    digest = hashlib.sha256((folder / METRICS_FILE).read_bytes()).hexdigest()
    write_termination_message(result_message(document, digest, ending, int(code)))
    return code


def report_failure(problem: Problem, code: ExitCode, events: EventStream) -> None:
    """Report a failure as events, on stderr, and in the termination message."""
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
        f"the stage failed with an internal error: {type(error).__name__}: {reason}",
        "see the traceback on stderr, and report it if it recurs",
    )


def _make_folder(folder: Path) -> Path:
    """Create the output folder if necessary, and return it; RUN703 if it is not writable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _LOCK).open("a").close()
    except OSError as error:
        failure = as_write_failure(error)
        if failure is not None:
            raise failure from error
        message = f"cannot write to output folder `{folder.name}` under `TRAINSPEC_OUTPUTS`: {error.strerror}"
        hint = f"move `{folder.name}` away, or let this user write to it"
        raise StageError("RUN703", message, hint) from error
    return folder


@contextmanager
def _locked(folder: Path, place: Place) -> Iterator[None]:
    """Lock the output folder; the kernel releases the lock when the process ends.

    One process locks it for all nodes.
    """
    if place.is_launched or place.rank > 0 or place.node.rank > 0:
        yield
        return
    with (folder / _LOCK).open("w", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            message = f"output folder `{folder.name}` is in use by another process"
            raise StageError("RUN741", message, "wait for that process to end, then run the stage again") from error
        yield
