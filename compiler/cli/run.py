"""`trainspec run`: run a rendered plan on this machine."""

from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.cli.report import exit_code, report


def run_plan(plan: Path, work: Path | None, models: Path | None) -> ExitCode:
    """Run a rendered plan folder on this machine."""
    from compiler.run.local.run import run

    found = run(plan, work, models)
    report(found, "text")
    return exit_code(found)
