"""`trainspec run`: run a rendered plan on this machine, and print the results."""

import shlex
from contextlib import suppress
from pathlib import Path

from compiler.cli.console import table_console
from compiler.cli.exit_codes import ExitCode
from compiler.cli.report import exit_code, report
from compiler.cli.run_summary import conclusion, summary
from compiler.cli.signals import terminable
from compiler.cli.stage_display import StageDisplay
from compiler.run.collect import COLLECTED
from compiler.run.local.run import LocalRun, run


def run_plan(plan: Path, work: Path | None, models: Path | None) -> ExitCode:
    """Run a rendered plan folder on this machine.

    After Ctrl-C, SIGTERM or SIGHUP, say where the run stopped, and how to go on.
    """
    display = StageDisplay()
    try:
        with terminable():  # so that the stage writes a checkpoint
            ended = run(plan, work, models, display)
    except (KeyboardInterrupt, SystemExit):
        with suppress(OSError):  # after SIGHUP there may be no terminal
            display.say(f"{display.stopped}; the next run goes on from there: {_command(plan, work, models)}")
        raise
    print_run(ended, plan, work)
    report(ended.diagnostics, "text")
    return exit_code(ended.diagnostics)


def _command(plan: Path, work: Path | None, models: Path | None) -> str:
    options = {"--work": work, "--models": models}
    given = [word for name, value in options.items() if value is not None for word in (name, str(value))]
    return shlex.join(["trainspec", "run", str(plan), *given])


def print_run(ended: LocalRun, plan: Path, work: Path | None) -> None:
    """Print the result of each stage, and the next step; the caller reports diagnostics."""
    if ended.outputs is not None and (ended.results or not ended.diagnostics):
        _print_summary(ended, ended.outputs)
    if not ended.diagnostics and not ended.jobs:
        print(f"{plan}: this plan has no jobs; see {plan / 'PLAN.md'} for the next step")
    elif not ended.diagnostics and any(job.method in COLLECTED for job in ended.jobs):
        where = f" --work {work}" if work else ""
        print(f"keep the results as evidence: trainspec collect {plan}{where}")


def _print_summary(ended: LocalRun, outputs: Path) -> None:
    console = table_console()
    jobs, results = ended.jobs, ended.results
    console.print(summary([job for job in jobs if job.name in results] if ended.diagnostics else jobs, results))
    for line in conclusion(jobs, results, outputs) if not ended.diagnostics else []:
        is_path = line.startswith(" ")  # to copy, so it stays whole
        console.print(line, soft_wrap=is_path, markup=False)
