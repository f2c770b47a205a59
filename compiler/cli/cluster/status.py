"""`trainspec status`: where plans stand in a cluster, as tables or as JSON."""

import json
from pathlib import Path

from rich.console import Console

from compiler.cli.cluster.reporter import Reporter
from compiler.cli.exit_codes import ExitCode
from compiler.run.cluster.api.connect import Target
from compiler.run.cluster.api.errors import ClusterError
from compiler.run.cluster.apply.approve import plan_folders, without_jobs
from compiler.run.cluster.show.status import PlanStatus, Statuses, read_statuses
from compiler.run.cluster.show.table import overview

_WIDTH = 1000  # of a status that is piped: enough for the longest line


def status(paths: list[Path], target: Target, *, as_json: bool, style: str) -> ExitCode:
    """Print where the plans under the paths stand in the cluster."""
    reporter = Reporter(style=style)
    folders, found = plan_folders(paths)
    try:
        statuses = read_statuses(reporter.connect(target), folders)
    except ClusterError as error:
        statuses = Statuses(diagnostics=(error.found,))
    for folder in statuses.empty:
        reporter.note(without_jobs(folder))
    if as_json:
        print(_as_json(statuses.plans))
    else:
        _print_tables(statuses.plans)
    return reporter.end([*found, *statuses.diagnostics])


def _as_json(plans: tuple[PlanStatus, ...]) -> str:
    document = {"schema": "trainspec.dev/status/v1", "plans": [each.as_dict() for each in plans]}
    return json.dumps(document, ensure_ascii=False, indent=2)


def _print_tables(plans: tuple[PlanStatus, ...]) -> None:
    # programs read what is piped, or it is in a log that scrolls sideways
    console = Console(width=None if Console().is_terminal else _WIDTH)
    for each in plans:
        console.print(overview(each.rows))
