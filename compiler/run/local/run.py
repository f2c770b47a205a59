"""Runs a plan folder on this machine, stage by stage and gate by gate; what is done is not run again."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.run.local.jobs import LocalJob, read_plan
from compiler.run.local.process import Ended, Event, Places, run_job
from compiler.run.local.show import Result, conclusion, read_result, summary, watching
from compiler.run.manifests import beyond_runtime, default_models
from compiler.run.signals import terminable
from compiler.spec.methods.supported import lacking
from runtime.contract.exit_codes import ExitCode as StageExit


def run(plan: Path, work: Path | None, models: Path | None) -> tuple[Diagnostic, ...]:
    """Run the plan; what went wrong comes back as diagnostics, everything else is shown."""
    read = read_plan(plan)
    if read.value is None:
        return read.diagnostics
    if not read.value:
        print(f"{plan}: this plan has no jobs; see {plan / 'PLAN.md'} for what to do first")
        return ()
    jobs = read.value
    pending = [job for job in jobs if not job.finished]
    beyond = tuple(beyond_runtime(job.stage, job.config, plan) for job in pending if lacking(job.config))
    if beyond:
        return beyond
    places = Places(
        models=(models or default_models()).resolve(), data=plan.resolve().parent, work=work_folder(plan, work)
    )
    missing = _missing_model(pending[0], places) if pending else None
    if missing:
        return (missing,)
    try:
        places.outputs.mkdir(parents=True, exist_ok=True)
        with _locked(places.work) as free:
            if not free:
                hint = "wait for it to end, or choose another `--work` folder"
                return (
                    diagnostic(
                        "RUN794", "another run uses the work folder", Location(path=str(places.work)), hint=hint
                    ),
                )
            with terminable():  # so that the stage is stopped too and can checkpoint
                found = _run_all(jobs, places)
    except OSError as error:
        message = f"cannot write to the work folder: {(error.strerror or str(error)).lower()}"
        hint = "free space or mend permissions, then run again; what is done is kept"
        return (diagnostic("RUN795", message, Location(path=str(places.work)), hint=hint),)
    if not found:
        where = f" --work {work}" if work else ""
        print(f"keep the results as evidence: trainspec collect {plan}{where}")
    return found


def work_folder(plan: Path, work: Path | None) -> Path:
    """Where a plan's outputs and logs go: the folder given, or one named after the spec's folder."""
    return (work or Path(".trainspec") / plan.resolve().parent.name).resolve()


def _missing_model(job: LocalJob, places: Places) -> Diagnostic | None:
    name = job.config["model"]["path"]
    if (places.models / name / "config.json").is_file():
        return None
    where = Location(path=str(places.models / name))
    return diagnostic(
        "RUN792", f"base model `{name}` is not there", where, hint=f"fetch it: python -m runtime.fetch {name}"
    )


@contextmanager
def _locked(work: Path) -> Iterator[bool]:
    """Hold the work folder; False when another run does."""
    with (work / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _run_all(jobs: tuple[LocalJob, ...], places: Places) -> tuple[Diagnostic, ...]:
    progress, console = Console(stderr=True), _console()
    results: dict[str, Result] = {}
    found: list[Diagnostic] = []
    for job in jobs:
        if job.method == "load":  # it would write to the spec's own folder, and to the cache of models
            where = f"models are read from `{places.models}`, data from `{places.data}`"
            progress.print(f"{job.stage}: not run here; {where}", highlight=False, soft_wrap=True)
            continue
        result = read_result(job, places.outputs, ran_now=False)
        if job.finished:
            progress.print(f"{job.stage}: finished when the plan was compiled ({job.name})", highlight=False)
            results |= {job.name: result} if result else {}
            continue
        if result:
            progress.print(f"{job.stage}: has run already, not run again ({job.name})", highlight=False)
        else:
            result, problem = _run_stage(job, places, progress)
            found += [problem] if problem else []
        if result is None:
            break
        results[job.name] = result
        if result.verdict != "continue":
            after = "" if job is jobs[-1] else ", so the plan stops here"
            progress.print(f"{job.stage}: the gate says {result.verdict}{after}", highlight=False)
            break
    console.print(summary([job for job in jobs if job.name in results] if found else jobs, results))
    for line in conclusion(jobs, results, places) if not found else []:
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    return tuple(found)


def _console() -> Console:
    """A table needs its width even when the output is a file."""
    console = Console()
    return console if console.is_terminal else Console(width=160)


def _run_stage(job: LocalJob, places: Places, progress: Console) -> tuple[Result | None, Diagnostic | None]:
    progress.print(f"{job.stage}: running {job.name}", highlight=False)
    errors: list[Event] = []
    with watching(job, progress) as show:

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
    said = errors[-1] if errors else {}
    if ended.timed_out:
        message = f"stage `{job.stage}` ran past its deadline of {job.deadline_seconds} s"
        hint = "raise `deadlineMinutes`, or train less"
    else:
        why = f"{said['message']} ({said.get('code')})" if "message" in said else "no message; the log has more"
        message = f"stage `{job.stage}` ended with exit code {ended.exit_code}: {why}"
        hint = str(said.get("hint") or "read the log, mend the cause, and run again: what is done is kept")
    return diagnostic("RUN793", message, Location(path=str(places.errors(job.name))), hint=hint)
