"""`trainspec run`: run a rendered plan on this machine, and print the results."""

from pathlib import Path

from rich.console import Console

from compiler.cli.exit_codes import ExitCode
from compiler.cli.report import exit_code, report
from compiler.cli.run_summary import conclusion, summary
from compiler.cli.signals import terminable
from compiler.cli.stage_display import StageDisplay
from compiler.run.local.run import LocalRun, run

PLAIN_WIDTH = 160  # columns of the table, if the output is no terminal


def run_plan(plan: Path, work: Path | None, models: Path | None) -> ExitCode:
    """Run a rendered plan folder on this machine."""
    with terminable():  # SIGTERM also stops the stage, which then writes a checkpoint
        ended = run(plan, work, models, StageDisplay())
    print_run(ended, plan, work)
    report(ended.diagnostics, "text")
    return exit_code(ended.diagnostics)


def print_run(ended: LocalRun, plan: Path, work: Path | None) -> None:
    """Print the result of each stage, and the next step; the caller reports diagnostics."""
    if ended.outputs is not None:
        _print_summary(ended, ended.outputs)
    if not ended.diagnostics and not ended.jobs:
        print(f"{plan}: this plan has no jobs; see {plan / 'PLAN.md'} for the next step")
    elif not ended.diagnostics:
        where = f" --work {work}" if work else ""
        print(f"keep the results as evidence: trainspec collect {plan}{where}")


def _print_summary(ended: LocalRun, outputs: Path) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    jobs, results = ended.jobs, ended.results
    console.print(summary([job for job in jobs if job.name in results] if ended.diagnostics else jobs, results))
    for line in conclusion(jobs, results, outputs) if not ended.diagnostics else []:
        console.print(line, highlight=False, soft_wrap=True, markup=False)
