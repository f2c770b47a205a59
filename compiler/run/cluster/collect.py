"""Results come back from the cluster as evidence: out of the ledger, which keeps what each stage said at its end."""

import json
from pathlib import Path

from compiler.run.cluster.api.client import Api
from compiler.run.cluster.apply.apply import require_namespace, snapshot_of
from compiler.run.cluster.apply.approve import without_jobs
from compiler.run.cluster.apply.decide import advance
from compiler.run.cluster.state.ledger import read_ledger, write
from compiler.run.cluster.state.plan import read_cluster_plan
from compiler.run.collect import Collected, Measured, StageJob, write_evidence


def collect(api: Api, folder: Path) -> Collected:
    """Write the evidence of what a plan's evaluations and its pre-flight found in the cluster, if any is done.

    What has ended since somebody last looked is noted in the ledger first; nothing is started.
    """
    read = read_cluster_plan(folder)
    if read.value is None:
        return Collected(message="" if read.diagnostics else without_jobs(folder), diagnostics=read.diagnostics)
    plan = read.value
    require_namespace(api, plan)
    ledger = read_ledger(api, plan.name, plan.namespace)
    step = advance(plan, ledger, snapshot_of(api, plan))
    records = {**ledger.records, **step.records}
    if step.records:
        write(api, ledger, step.records)  # if somebody else did, what they wrote says the same
    where = f"{plan.namespace}/{plan.name}-ledger"

    def find(job: StageJob) -> Measured | None:
        record = records.get(job.name)
        if record is None or "config_sha256" not in record.result:
            return None
        content = json.dumps(record.result, ensure_ascii=False).encode()
        return Measured(content=content, where=where, hint="use the version of trainspec that the image was built from")

    if not any(find(each) for each in plan.stages):
        return Collected(message=f"{folder}: nothing is measured yet")  # no error: a schedule collects again and again
    return write_evidence(folder, plan.stages, find, where, f"trainspec apply {folder}")
