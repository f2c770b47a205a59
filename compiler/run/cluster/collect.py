"""Collect results from the ledger of a plan in the cluster as evidence."""

import json
from pathlib import Path

from compiler.run.cluster.api.client import Api
from compiler.run.cluster.apply.apply import require_namespace, snapshot_of
from compiler.run.cluster.apply.approve import no_jobs_text
from compiler.run.cluster.apply.decide import advance
from compiler.run.cluster.state.ledger import read_ledger, write
from compiler.run.cluster.state.plan import read_cluster_plan
from compiler.run.collect import Collected, Measured, StageJob, write_evidence


def collect(api: Api, folder: Path) -> Collected:
    """Write the results of a plan's finished evaluations and pre-flight as evidence.

    First updates the ledger with the stages that have ended since the last call; starts nothing.
    """
    read = read_cluster_plan(folder)
    if read.value is None:
        return Collected(message="" if read.diagnostics else no_jobs_text(folder), diagnostics=read.diagnostics)
    plan = read.value
    require_namespace(api, plan)
    ledger = read_ledger(api, plan.name, plan.namespace)
    step = advance(plan, ledger, snapshot_of(api, plan))
    records = {**ledger.records, **step.records}
    if step.records:
        write(api, ledger, step.records)  # a concurrent caller writes the same records
    where = f"{plan.namespace}/{plan.name}-ledger"

    def find(job: StageJob) -> Measured | None:
        record = records.get(job.name)
        if record is None or "config_sha256" not in record.result:
            return None
        content = json.dumps(record.result, ensure_ascii=False).encode()
        return Measured(content=content, where=where, hint="use the version of trainspec that the image was built from")

    if not any(find(each) for each in plan.stages):
        return Collected(message=f"{folder}: no results yet")  # not an error: schedules call this repeatedly
    return write_evidence(folder, plan.stages, find, where, f"trainspec apply {folder}")
