"""Read the status of plans in a cluster, without starting or writing anything."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler.diagnostics import Diagnostic
from compiler.pipeline.cache import open_cache
from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.errors import UNUSABLE, ClusterError
from compiler.run.cluster.apply.apply import Namespaces, PlanState
from compiler.run.cluster.apply.approve import read_plan
from compiler.run.cluster.apply.decide import End, advance
from compiler.run.cluster.show.rows import Row, rows
from compiler.run.cluster.show.views import Observations
from compiler.run.cluster.state.plan import ClusterPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanStatus:
    """The state of a plan, and its rows."""

    plan: ClusterPlan
    end: End
    rows: tuple[Row, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the status for JSON output."""
        plan, stages = self.plan, [row.as_dict() for row in self.rows]
        return {
            "plan": plan.name,
            "folder": plan.shown,
            "namespace": plan.namespace,
            "state": self.end.value,
            "stages": stages,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Statuses:
    """The status of many plans; `empty` are folders of plans without Jobs.

    A plan with problems has only diagnostics.
    """

    plans: tuple[PlanStatus, ...] = ()
    empty: tuple[Path, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def read_statuses(api: Api, folders: Iterable[Path]) -> Statuses:
    """Read the status of each folder's plan, in order; stop if the cluster cannot be used."""
    namespaces, observations, cache = Namespaces(api, read_only=True), Observations(api), open_cache()
    plans: list[PlanStatus] = []
    empty: list[Path] = []
    found: list[Diagnostic] = []
    for folder in folders:
        read = read_plan(folder, cache)
        found += read.diagnostics
        if read.value is None:
            empty += [] if read.diagnostics else [folder]
            continue
        try:
            plans.append(_status(read.value, namespaces, observations))
        except ClusterError as error:
            found += [error.found] if error.found not in found else []  # report a problem of a namespace once
            if error.found.code in UNUSABLE:
                break
    return Statuses(plans=tuple(plans), empty=tuple(empty), diagnostics=tuple(found))


def _status(plan: ClusterPlan, namespaces: Namespaces, observations: Observations) -> PlanStatus:
    snapshot = namespaces.snapshot(plan)
    ledger = snapshot.ledger(plan.name, plan.namespace)
    step = advance(plan, ledger, snapshot)
    observations.observe(plan.namespace, snapshot.of_plan(plan.name), snapshot)
    view = observations.view(PlanState(plan=plan, ledger=ledger, step=step), snapshot)
    return PlanStatus(plan=plan, end=step.end, rows=tuple(rows(view)) if view is not None else ())
