"""`trainspec status`: the status of plans in a cluster, as tables or as JSON."""

import json
from pathlib import Path

from compiler.cli.cluster.reporter import Reporter
from compiler.cli.console import table_console
from compiler.cli.exit_codes import ExitCode
from compiler.run.cluster.api.connect import Target
from compiler.run.cluster.api.errors import ClusterError
from compiler.run.cluster.apply.approve import no_jobs_text, plan_folders
from compiler.run.cluster.show.status import PlanStatus, Statuses, read_statuses
from compiler.run.cluster.show.table import overview


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
    console = table_console()
    for each in plans:
        # commands and reasons in piped output stay whole: programs read it, and viewers of CI logs scroll sideways
        console.print(overview(each.rows, fold=console.is_terminal), crop=False)
