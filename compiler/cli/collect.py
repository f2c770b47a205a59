"""`trainspec collect`: print the evidence that was written."""

from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.cli.report import report
from compiler.run.collect import Collected, collect
from compiler.spec.evidence import FOLDER


def collect_results(plan: Path, work: Path | None, style: str) -> ExitCode:
    """Write the results of a plan that ran on this machine as evidence, and print the next step."""
    collected = collect(plan, work)
    print_collected(collected)
    report(collected.diagnostics, style)
    return ExitCode.ERRORS if collected.diagnostics else ExitCode.OK


def print_collected(collected: Collected) -> None:
    """Print a line for each evidence file, and the next step; the caller reports diagnostics."""
    for each in collected.files:
        print(f"{each.path}: {'written' if each.changed else 'unchanged'}; {each.summary}")
    if collected.message:
        print(collected.message)
    elif not collected.diagnostics:
        print(f"next: trainspec compile {collected.folder}, then commit `{FOLDER}` and the plan")
