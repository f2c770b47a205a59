"""Follows plans until nothing of them moves: a watch says what changed, each change may let the next stage start."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from compiler.run.cluster.api.client import Api
from compiler.run.cluster.api.kinds import workload_key
from compiler.run.cluster.apply.apply import WORKERS, Standing, workloads_of
from compiler.run.cluster.show.followed_plans import FollowedPlans
from compiler.run.cluster.show.rows import Row
from compiler.run.cluster.state.snapshot import Watch

_TICK_SECONDS = 2.0
_PROGRESS_SECONDS = 5.0
Show = Callable[[list[Row], FollowedPlans], None]  # takes the rows of plans that changed, and all plans


def follow(api: Api, standings: list[Standing], show: Show) -> list[Standing]:
    """Take step after step until each plan has ended; `show` hears of each change."""
    watches = {namespace: Watch(api, namespace, tuple(sorted(kinds))) for namespace, kinds in _kinds(standings).items()}
    plans = FollowedPlans(api, standings)
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
                    return plans.standings
                next(iter(watches.values())).wait(_TICK_SECONDS)
    finally:
        for watch in watches.values():
            watch.close()


def _kinds(standings: Iterable[Standing]) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for each in standings:
        begun = (workload_key(record.kind) for record in each.ledger.records.values() if record.is_begun)
        kinds.setdefault(each.plan.namespace, set()).update(workloads_of(each.plan), begun)
    return kinds
