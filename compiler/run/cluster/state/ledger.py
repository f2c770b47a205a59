"""What was started and what came of it: a ConfigMap a plan, which outlives the Jobs.

A Job that is gone is not one that never ran: its record says so. A stage is claimed here before its Job is created, by
a write that fails if anybody wrote in between, so that two callers at once start it once.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from compiler.run.cluster.api.client import MERGE, Api, Object
from compiler.run.cluster.api.errors import ApiError, ClusterError, problem, refusal
from compiler.run.cluster.api.kinds import CONFIG_MAP, workload_key
from compiler.spec.labels import COMPONENT, MANAGED_BY, TRAINSPEC, TRIED, plan_labels
from compiler.spec.workloads import JOB, WORKLOADS

LEDGER = "ledger"  # the component of its label
_LARGE = 600_000  # characters; a ConfigMap holds a MiB
SELECTOR = f"{MANAGED_BY}={TRAINSPEC},{COMPONENT}={LEDGER}"


class State(StrEnum):
    """What became of a stage. `claimed` is about to be created; `gone` was deleted before it had a result."""

    CLAIMED = "claimed"
    CREATED = "created"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One stage: the `uid` of its Job once it is known, how often it was started, and its result once there is one.

    A stage that is claimed to be started again has the uid of the Job that goes first. `kind` is that of its Job: the
    profile may name another `output` by now.
    `result` is the termination message of its pod; `reason` says in words why a stage failed.
    """

    stage: str
    state: State
    uid: str = ""
    kind: str = JOB.kind.name
    starts: int = 1
    reason: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_begun(self) -> bool:
        """Whether its Job may be there, and its end is not known."""
        return self.state in (State.CLAIMED, State.CREATED)

    @property
    def verdict(self) -> str:
        """The gate's verdict; a stage without a gate goes on."""
        gate = self.result.get("gate")
        return str(gate["verdict"]) if isinstance(gate, Mapping) and "verdict" in gate else "continue"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """The records of a plan by Job; `version` is the object's, empty where there is none yet.

    `tried` is the digest of the plan that the API server has accepted as a whole, in a dry run.
    """

    plan: str
    namespace: str
    version: str = ""
    tried: str = ""
    records: Mapping[str, Record] = field(default_factory=dict)


def ledger_name(plan: str) -> str:
    """The name of a plan's ledger."""
    return f"{plan}-ledger"


def read_ledger(api: Api, plan: str, namespace: str) -> Ledger:
    """The ledger of a plan as it is now; an empty one where there is none."""
    try:
        return parse(api.get(CONFIG_MAP.path(namespace, ledger_name(plan))), plan)
    except ApiError as error:
        if error.status != 404:
            raise ClusterError(refusal(error, "get", "the ledger", f"{namespace}/{ledger_name(plan)}")) from error
        return Ledger(plan=plan, namespace=namespace)


def parse(found: Object, plan: str) -> Ledger:
    """A ledger from its ConfigMap; CLU614 if it is not one, or was written by a later version."""
    meta = found["metadata"]
    where = f"{meta['namespace']}/{meta['name']}"
    if (meta.get("labels") or {}).get(COMPONENT) != LEDGER:
        message = f"ConfigMap `{where}` is not a ledger of trainspec"
        hint = "rename that ConfigMap, or the spec: plans keep their ledger under this name"
        raise ClusterError(problem("CLU614", message, where, hint=hint))
    records = {}
    for job, text in (found.get("data") or {}).items():
        try:
            records[job] = _record(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            message = f"`{job}` of the ledger `{where}` cannot be read: {type(error).__name__}: {error}"
            hint = (
                "use the version of trainspec that wrote it, or restore the ConfigMap from a backup; without that key, "
                "a stage whose Job is gone too is run again"
            )
            raise ClusterError(problem("CLU614", message, where, hint=hint)) from error
    tried = (meta.get("annotations") or {}).get(TRIED) or ""
    return Ledger(plan=plan, namespace=meta["namespace"], version=meta["resourceVersion"], tried=tried, records=records)


def kinds_begun(found: Object) -> set[str]:
    """The kinds, as `apiVersion kind`, of the Jobs whose end a ledger does not know; none where it cannot be read."""
    try:
        records = parse(found, "").records.values()
    except ClusterError:
        return set()  # told where its plan is looked at
    return {workload_key(each.kind) for each in records if each.is_begun and each.kind in WORKLOADS}


def _record(fields: dict[str, Any]) -> Record:
    return Record(**{**fields, "state": State(fields["state"])})


def write(api: Api, ledger: Ledger, changed: Mapping[str, Record]) -> Ledger | None:
    """Write records; None if somebody else wrote since this ledger was read, and nothing was written then."""
    data = {job: json.dumps(asdict(record), ensure_ascii=False, sort_keys=True) for job, record in changed.items()}
    collection = CONFIG_MAP.collection(ledger.namespace)
    try:
        if ledger.version:
            body: Object = {"metadata": {"resourceVersion": ledger.version, **_notes(ledger)}, "data": data}
            written = api.patch(f"{collection}/{ledger_name(ledger.plan)}", body, MERGE)
        else:
            written = api.create(collection, _config_map(ledger, data))
    except ApiError as error:
        if error.status == 409 or (error.status == 404 and ledger.version):  # somebody wrote, or deleted it
            return None
        verb = "patch" if ledger.version else "create"
        where = f"{ledger.namespace}/{ledger_name(ledger.plan)}"
        raise ClusterError(refusal(error, verb, "the ledger", where)) from error
    version = written["metadata"]["resourceVersion"]
    return replace(ledger, version=version, records={**ledger.records, **changed})


def _notes(ledger: Ledger) -> Object:
    return {"annotations": {TRIED: ledger.tried}} if ledger.tried else {}


def spare(ledger: Ledger, planned: Collection[str]) -> dict[str, Record]:
    """Records of Jobs that the plan no longer has, without the details of their results, where a ledger grows large."""
    if sum(len(json.dumps(asdict(each))) for each in ledger.records.values()) < _LARGE:
        return {}
    others = {job: each for job, each in ledger.records.items() if job not in planned and "report" in each.result}
    return {
        job: replace(each, result={name: value for name, value in each.result.items() if name != "report"})
        for job, each in others.items()
    }


def _config_map(ledger: Ledger, data: Mapping[str, str]) -> Object:
    labels = plan_labels(ledger.plan, LEDGER)
    # no reconciler may take away what is in no file of the repository
    notes = {
        "argocd.argoproj.io/sync-options": "Prune=false",
        "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
        **_notes(ledger).get("annotations", {}),
    }
    meta = {"name": ledger_name(ledger.plan), "namespace": ledger.namespace, "labels": labels, "annotations": notes}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": dict(data)}
