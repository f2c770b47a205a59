"""Follow plans until all have ended.

A watch reports changes; each change may let the next stage start.
"""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.kinds import workload_key
from compiler.run.cluster.apply.apply import WORKERS, PlanState, workloads_of
from compiler.run.cluster.show.followed_plans import FollowedPlans
from compiler.run.cluster.show.rows import Row
from compiler.run.cluster.state.snapshot import Watch

_TICK_SECONDS = 2.0
_PROGRESS_SECONDS = 5.0
Show = Callable[[list[Row], FollowedPlans], None]  # receives the rows of plans that changed, and all plans


def follow(api: Api, states: list[PlanState], show: Show) -> list[PlanState]:
    """Take steps until each plan has ended; return the final states.

    `show` receives each change.
    """
    watches = {namespace: Watch(api, namespace, tuple(sorted(kinds))) for namespace, kinds in _kinds(states).items()}
    plans = FollowedPlans(api, states)
    observed = 0.0
    try:
        with ThreadPoolExecutor(WORKERS) as pool:
            while True:
                snapshots = {namespace: watch.snapshot() for namespace, watch in watches.items()}
                changed = plans.take_steps(snapshots, pool)
                if time.monotonic() - observed > _PROGRESS_SECONDS:
                    observed = time.monotonic()
                    changed += plans.observe(snapshots)
                if changed:
                    show(changed, plans)
                if plans.are_over:
                    return plans.states
                next(iter(watches.values())).wait(_TICK_SECONDS)
    finally:
        for watch in watches.values():
            watch.close()


def _kinds(states: Iterable[PlanState]) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for each in states:
        begun = (workload_key(record.kind) for record in each.ledger.records.values() if record.is_begun)
        kinds.setdefault(each.plan.namespace, set()).update(workloads_of(each.plan), begun)
    return kinds
