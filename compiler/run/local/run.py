"""Run a plan folder on this machine, stage by stage and gate by gate; finished stages do not run again."""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.run.local.jobs import LocalJob, read_plan
from compiler.run.local.process import Ended, Event, Places, Watch, run_job
from compiler.run.local.results import Result, read_result
from compiler.run.manifests import beyond_runtime, default_models, lacking
from runtime.contract.exit_codes import ExitCode as StageExit
from runtime.contract.hub import hub_model, reference_of
from runtime.contract.outputs import verdict_words


class Display(Protocol):
    """Shows the progress of a run."""

    def say(self, line: str) -> None:
        """Show a line about a stage."""

    def watching(self, stage: str) -> AbstractContextManager[Watch]:
        """Show the log events of a stage while the block runs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalRun:
    """How a run ended: the Jobs of the plan, the results of finished Jobs by name, and diagnostics.

    `outputs` is the folder of the results; None if no stage was reached.
    """

    jobs: tuple[LocalJob, ...] = ()
    results: Mapping[str, Result] = field(default_factory=dict)
    outputs: Path | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


def run(plan: Path, work: Path | None, models: Path | None, display: Display) -> LocalRun:
    """Run the plan in a folder, with outputs below `work` and base models from `models` (None: default folders)."""
    read = read_plan(plan)
    if not read.value:
        return LocalRun(diagnostics=read.diagnostics)
    jobs = read.value
    pending = [job for job in jobs if not job.finished]
    beyond = tuple(beyond_runtime(job.stage, job.config, plan) for job in pending if lacking(job.config))
    if beyond:
        return LocalRun(jobs=jobs, diagnostics=beyond)
    places = Places(
        models=(models or default_models()).resolve(), data=plan.resolve().parent, work=work_folder(plan, work)
    )
    missing = _missing_model(pending[0], places) if pending else None
    if missing:
        return LocalRun(jobs=jobs, diagnostics=(missing,))
    where = Location(path=str(places.work))
    try:
        places.outputs.mkdir(parents=True, exist_ok=True)
        with _locked(places.work) as free:
            if free:
                return _run_all(jobs, places, display)
            hint = "wait for that run to end, or choose another `--work` folder"
            found = diagnostic("RUN794", "another run is using the work folder", where, hint=hint)
    except OSError as error:
        message = f"cannot write to the work folder: {(error.strerror or str(error)).lower()}"
        hint = "free space or fix permissions, then run again: finished stages are kept"
        found = diagnostic("RUN795", message, where, hint=hint)
    return LocalRun(jobs=jobs, diagnostics=(found,))


def work_folder(plan: Path, work: Path | None) -> Path:
    """Return the folder of a plan's outputs and logs: `work`, or one named after the spec's folder."""
    return (work or Path(".trainspec") / plan.resolve().parent.name).resolve()


def _missing_model(job: LocalJob, places: Places) -> Diagnostic | None:
    if "served" in job.config:
        return None
    name = job.config["model"]["path"]
    if "served" in job.config:
        return None
    if (places.models / name / "config.json").is_file():
        return None
    where = Location(path=str(places.models / name))
    code = " --remote-code" if job.config["model"].get("trust_remote_code") and hub_model(name) else ""
    hint = f"fetch it: trainspec-runtime fetch {reference_of(name)}{code}"
    return diagnostic("RUN792", f"base model `{name}` is missing", where, hint=hint)


@contextmanager
def _locked(work: Path) -> Iterator[bool]:
    """Lock the work folder; yield False if another run holds the lock."""
    with (work / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _run_all(jobs: tuple[LocalJob, ...], places: Places, display: Display) -> LocalRun:
    results: dict[str, Result] = {}
    found: list[Diagnostic] = []
    for job in jobs:
        if job.method == "load":  # it would write to the spec's own folder, and to the cache of models
            display.say(f"{job.stage}: not run here; models are read from `{places.models}`, data from `{places.data}`")
            continue
        result = read_result(job, places.outputs, ran_now=False)
        if job.finished:
            display.say(f"{job.stage}: finished when the plan was compiled ({job.name})")
            results |= {job.name: result} if result else {}
            continue
        if result:
            display.say(f"{job.stage}: already finished, not run again ({job.name})")
        else:
            result, problem = _run_stage(job, places, display)
            found += [problem] if problem else []
        if result is not None and result.ran_now:
            display.say(f"{job.stage}  done  {result.metrics.get('score') or ''}".rstrip())
        if result is None:
            break
        results[job.name] = result
        if result.verdict != "continue":
            after = "" if job is jobs[-1] else ", so the plan stops here"
            display.say(f"{job.stage}: gate verdict: {verdict_words(result.verdict)}{after}")
            break
    return LocalRun(jobs=jobs, results=results, outputs=places.outputs, diagnostics=tuple(found))


def _run_stage(job: LocalJob, places: Places, display: Display) -> tuple[Result | None, Diagnostic | None]:
    display.say(f"{job.stage}: running {job.name}")
    errors: list[Event] = []
    with display.watching(job.stage) as show:

        def watch(event: Event) -> None:
            if event.get("event") == "error":
                errors.append(event)
            show(event)

        ended = run_job(job, places, watch)
    result = read_result(job, places.outputs, ran_now=True)
    if result and ended.exit_code in (StageExit.OK, StageExit.GATE_NOT_PASSED):
        return result, None
    return None, _failure(job, ended, errors, places)


def _failure(job: LocalJob, ended: Ended, errors: list[Event], places: Places) -> Diagnostic:
    last = errors[-1] if errors else {}
    if ended.timed_out:
        message = f"stage `{job.stage}` ran past its deadline of {job.deadline_seconds} s"
        hint = "raise `deadlineMinutes`, or reduce the training"
    else:
        why = f"{last['message']} ({last.get('code')})" if "message" in last else "no message; see the log"
        message = f"stage `{job.stage}` ended with exit code {ended.exit_code}: {why}"
        hint = str(last.get("hint") or "read the log, fix the cause, then run again: finished stages are kept")
    return diagnostic("RUN793", message, Location(path=str(places.errors(job.name))), hint=hint)
