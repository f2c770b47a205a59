"""`trainspec status`: the status of plans in a cluster, as tables or as JSON."""

import json
from pathlib import Path

from rich.console import Console

from compiler.cli.cluster.reporter import Reporter
from compiler.cli.exit_codes import ExitCode
from compiler.run.cluster.api.connect import Target
from compiler.run.cluster.api.errors import ClusterError
from compiler.run.cluster.apply.approve import no_jobs_text, plan_folders
from compiler.run.cluster.show.status import PlanStatus, Statuses, read_statuses
from compiler.run.cluster.show.table import overview

_WIDTH = 1000  # columns of piped output: enough for the longest line


def status(paths: list[Path], target: Target, *, as_json: bool, style: str) -> ExitCode:
    """Print the status of the plans under the paths."""
    reporter = Reporter(style=style)
    folders, found = plan_folders(paths)
    try:
        statuses = read_statuses(reporter.connect(target), folders)
    except ClusterError as error:
        statuses = Statuses(diagnostics=(error.found,))
    for folder in statuses.empty:
        reporter.note(no_jobs_text(folder))
    if as_json:
        print(_as_json(statuses.plans))
    else:
        _print_tables(statuses.plans)
    return reporter.end([*found, *statuses.diagnostics])


def _as_json(plans: tuple[PlanStatus, ...]) -> str:
    document = {"schema": "trainspec.dev/status/v1", "plans": [each.as_dict() for each in plans]}
    return json.dumps(document, ensure_ascii=False, indent=2)


def _print_tables(plans: tuple[PlanStatus, ...]) -> None:
    # programs read piped output, and viewers of CI logs scroll sideways
    console = Console(width=None if Console().is_terminal else _WIDTH)
    for each in plans:
        console.print(overview(each.rows))
