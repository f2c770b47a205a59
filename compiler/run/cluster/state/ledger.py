"""The ledger of a plan: a ConfigMap that records which stages started and how they ended.

It outlives the Jobs, so its records distinguish a Job that is gone from one that never ran. Callers claim a stage here
before they create its Job. The claim fails if another caller wrote in between, so concurrent callers start it once.
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

LEDGER = "ledger"  # value of its component label
_LARGE = 600_000  # characters; the limit of a ConfigMap is 1 MiB
SELECTOR = f"{MANAGED_BY}={TRAINSPEC},{COMPONENT}={LEDGER}"


class State(StrEnum):
    """The state of a stage.

    `claimed`: its Job is about to be created. `gone`: its Job was deleted before it had a result.
    """

    CLAIMED = "claimed"
    CREATED = "created"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"
    GONE = "gone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """The record of a stage: its Job, how often it started, and its result.

    `uid` is empty until the Job exists. A stage that is claimed for a restart has the uid of the Job to delete first.
    `kind` is the kind of its Job; the profile's `output` may have changed since. `result` is the termination message of
    its pod; `reason` explains a failure to people.
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
        """Whether its Job may exist, and its end is unknown."""
        return self.state in (State.CLAIMED, State.CREATED)

    @property
    def verdict(self) -> str:
        """The verdict of the gate; `continue` for a stage without one."""
        gate = self.result.get("gate")
        return str(gate["verdict"]) if isinstance(gate, Mapping) and "verdict" in gate else "continue"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """The records of a plan by Job.

    `version` is the object's resource version, empty before the first write. `tried` is the digest of the plan that the
    API server last accepted as a whole, in a dry run.
    """

    plan: str
    namespace: str
    version: str = ""
    tried: str = ""
    records: Mapping[str, Record] = field(default_factory=dict)


def ledger_name(plan: str) -> str:
    """Return the name of a plan's ledger."""
    return f"{plan}-ledger"


def read_ledger(api: Api, plan: str, namespace: str) -> Ledger:
    """Read the current ledger of a plan; an empty one if it does not exist."""
    try:
        return parse(api.get(CONFIG_MAP.path(namespace, ledger_name(plan))), plan)
    except ApiError as error:
        if error.status != 404:
            raise ClusterError(refusal(error, "get", "the ledger", f"{namespace}/{ledger_name(plan)}")) from error
        return Ledger(plan=plan, namespace=namespace)


def parse(found: Object, plan: str) -> Ledger:
    """Parse a ledger from its ConfigMap.

    CLU614 if it is not a ledger, or if a later version wrote it.
    """
    meta = found["metadata"]
    where = f"{meta['namespace']}/{meta['name']}"
    if (meta.get("labels") or {}).get(COMPONENT) != LEDGER:
        message = f"ConfigMap `{where}` is not a trainspec ledger"
        hint = "rename the ConfigMap or the spec: a plan keeps its ledger under this name"
        raise ClusterError(problem("CLU614", message, where, hint=hint))
    records = {}
    for job, text in (found.get("data") or {}).items():
        try:
            records[job] = _record(json.loads(text))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            message = f"cannot read the record of `{job}` in the ledger `{where}`: {type(error).__name__}: {error}"
            hint = (
                "use the version of trainspec that wrote it, or restore the ConfigMap from a backup; if you delete the "
                "record and the Job is gone, the stage runs again"
            )
            raise ClusterError(problem("CLU614", message, where, hint=hint)) from error
    tried = (meta.get("annotations") or {}).get(TRIED) or ""
    return Ledger(plan=plan, namespace=meta["namespace"], version=meta["resourceVersion"], tried=tried, records=records)


def kinds_begun(found: Object) -> set[str]:
    """Return the kinds of a ledger's Jobs whose end is unknown, as `apiVersion kind`.

    There are none if the ledger cannot be read.
    """
    try:
        records = parse(found, "").records.values()
    except ClusterError:
        return set()  # reported for its plan, when that is read
    return {workload_key(each.kind) for each in records if each.is_begun and each.kind in WORKLOADS}


def _record(fields: dict[str, Any]) -> Record:
    return Record(**{**fields, "state": State(fields["state"])})


def write(api: Api, ledger: Ledger, changed: Mapping[str, Record]) -> Ledger | None:
    """Write records, and return the new ledger.

    Return None, and write nothing, if another caller wrote in between.
    """
    data = {job: json.dumps(asdict(record), ensure_ascii=False, sort_keys=True) for job, record in changed.items()}
    collection = CONFIG_MAP.collection(ledger.namespace)
    try:
        if ledger.version:
            body: Object = {"metadata": {"resourceVersion": ledger.version, **_notes(ledger)}, "data": data}
            written = api.patch(f"{collection}/{ledger_name(ledger.plan)}", body, MERGE)
        else:
            written = api.create(collection, _config_map(ledger, data))
    except ApiError as error:
        if error.status == 409 or (error.status == 404 and ledger.version):  # another caller wrote or deleted it
            return None
        verb = "patch" if ledger.version else "create"
        where = f"{ledger.namespace}/{ledger_name(ledger.plan)}"
        raise ClusterError(refusal(error, verb, "the ledger", where)) from error
    version = written["metadata"]["resourceVersion"]
    return replace(ledger, version=version, records={**ledger.records, **changed})


def _notes(ledger: Ledger) -> Object:
    return {"annotations": {TRIED: ledger.tried}} if ledger.tried else {}


def trimmed(ledger: Ledger, planned: Collection[str]) -> dict[str, Record]:
    """Return shorter records, without result details, if the ledger is large.

    These are records of Jobs that the plan no longer has.
    """
    if sum(len(json.dumps(asdict(each))) for each in ledger.records.values()) < _LARGE:
        return {}
    others = {job: each for job, each in ledger.records.items() if job not in planned and "report" in each.result}
    return {
        job: replace(each, result={name: value for name, value in each.result.items() if name != "report"})
        for job, each in others.items()
    }


def _config_map(ledger: Ledger, data: Mapping[str, str]) -> Object:
    labels = plan_labels(ledger.plan, LEDGER)
    # the repository has no file of the ledger, so reconcilers would prune it
    notes = {
        "argocd.argoproj.io/sync-options": "Prune=false",
        "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
        **_notes(ledger).get("annotations", {}),
    }
    meta = {"name": ledger_name(ledger.plan), "namespace": ledger.namespace, "labels": labels, "annotations": notes}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": dict(data)}
