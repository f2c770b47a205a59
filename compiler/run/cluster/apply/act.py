"""Actions for one stage: create its Job once, delete it, recover a lost result."""

import copy
import time

from compiler.diagnostics import Diagnostic
from compiler.run.cluster.api.client import Api, Object
from compiler.run.cluster.api.errors import ApiError, ClusterError, problem, refusal
from compiler.run.cluster.api.kinds import JOB, kind_of
from compiler.run.cluster.apply.supports import MANAGER, write_query
from compiler.run.cluster.state.jobs import REPORT_SUFFIX
from compiler.run.cluster.state.plan import ClusterPlan, PlannedStage
from compiler.spec.labels import KUEUE, MANAGED_BY, OURS, PART_OF, REPORTS, TRAINSPEC
from runtime.contract.exit_codes import NEVER_RETRY
from runtime.contract.exit_codes import ExitCode as StageExit

_REPORT_SECONDS = 900
_GONE_SECONDS = 150.0


def create(api: Api, plan: ClusterPlan, stage: PlannedStage, *, dry_run: bool = False) -> tuple[str, Diagnostic | None]:
    """Create the Job of a stage if it is absent; return the uid of the Job, or the refusal."""
    manifest = stage.workload
    kind = kind_of(manifest.data)
    where = f"{plan.shown}/{manifest.file}"
    what = f"{manifest.kind} `{manifest.name}`"
    query = write_query(dry_run=dry_run)
    try:
        made = api.create(kind.collection(manifest.namespace), dict(manifest.data), query)
    except ApiError as error:
        if error.status != 409:
            return "", refusal(error, "create", what, where)
        found = _get(api, kind.path(manifest.namespace, manifest.name), where)
        if found is not None and not _is_ours(found, plan):
            message = f"{what} already exists and does not belong to this plan"
            return "", problem(
                "CLU606",
                message,
                where,
                hint="delete the object if nothing uses it, or raise `rerun` in the spec to get new names",
            )
        return (found["metadata"]["uid"] if found is not None else ""), None
    return made["metadata"]["uid"], None


def remove(api: Api, stage: PlannedStage, uid: str, where: str) -> None:
    """Delete the Job of a stage if it still has `uid`, and its report Job; wait for the end."""
    manifest = stage.workload
    kind, namespace = kind_of(manifest.data), manifest.namespace
    if uid:
        delete(api, kind.path(namespace, manifest.name), f"{manifest.kind} `{manifest.name}`", where, uid=uid)
    report_name = manifest.name + REPORT_SUFFIX
    delete(api, JOB.path(namespace, report_name), f"Job `{report_name}`", where)
    deadline = time.monotonic() + _GONE_SECONDS
    while uid and _uid(api, kind.path(namespace, manifest.name), where) == uid:
        if time.monotonic() > deadline:
            hint = "find what blocks its deletion (`kubectl describe job`), then run the command again"
            message = f"{manifest.kind} `{manifest.name}` was deleted but still exists"
            raise ClusterError(problem("CLU606", message, where, hint=hint))
        time.sleep(0.5)


def delete(api: Api, path: str, what: str, where: str, *, uid: str = "") -> bool:
    """Delete a Job with its pods, which then write a checkpoint.

    Return whether the Job existed, with `uid` if that is given.
    """
    only = {"preconditions": {"uid": uid}} if uid else {}
    try:
        api.delete(path, {"propagationPolicy": "Background", **only})
    except ApiError as error:
        if error.status in (404, 409):  # gone, or replaced
            return False
        raise ClusterError(refusal(error, "delete", what, where)) from error
    return True


def report(api: Api, plan: ClusterPlan, stage: PlannedStage) -> Diagnostic | None:
    """Create the report Job, which reads the result of a stage whose Job is gone.

    Return the refusal, if any.
    """
    where = f"{plan.shown}/{stage.workload.file}"
    manifest = report_job(stage)
    try:
        api.create(JOB.collection(plan.namespace), manifest, {"fieldManager": MANAGER})
    except ApiError as error:
        if error.status != 409:
            return refusal(error, "create", f"Job `{manifest['metadata']['name']}`", where)
    return None


def report_job(stage: PlannedStage) -> Object:
    """Derive the report Job of a stage from its workload.

    It has one pod without a GPU, runs the runtime with `--report`, and takes minutes at most.
    """
    source = stage.workload.data
    template = copy.deepcopy(dict(stage.template))
    (container,) = template["spec"]["containers"]
    container["args"] = [*container["args"], "--report"]
    for amounts in container["resources"].values():
        for name in [each for each in amounts if "/" in each]:  # a GPU, or another device
            del amounts[name]
    name = stage.name + REPORT_SUFFIX
    meta = source["metadata"]
    labels = {each: value for each, value in meta["labels"].items() if not each.startswith(KUEUE)}
    notes = {each: value for each, value in meta["annotations"].items() if each.startswith(OURS)}
    return {
        "apiVersion": JOB.api_version,
        "kind": JOB.name,
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "labels": labels,
            "annotations": {**notes, REPORTS: stage.name},
        },
        "spec": {
            "backoffLimit": 3,
            "activeDeadlineSeconds": _REPORT_SECONDS,
            "podFailurePolicy": {"rules": [_never_retry(container["name"])]},
            "template": template,
        },
    }


def _never_retry(container: str) -> Object:
    """Return the rule for exit codes that a retry of a report cannot change.

    Bad data, no result, a bad config, a gate that did not pass.
    """
    values = [int(code) for code in NEVER_RETRY if code != StageExit.NO_MEMORY]
    return {"action": "FailJob", "onExitCodes": {"containerName": container, "operator": "In", "values": values}}


def _uid(api: Api, path: str, where: str) -> str:
    found = _get(api, path, where)
    return str(found["metadata"]["uid"]) if found is not None else ""


def _get(api: Api, path: str, where: str) -> Object | None:
    try:
        return api.get(path)
    except ApiError as error:
        if error.status == 404:
            return None
        raise ClusterError(refusal(error, "get", path.rpartition("/")[2], where)) from error


def _is_ours(found: Object, plan: ClusterPlan) -> bool:
    labels = found["metadata"].get("labels") or {}
    return (labels.get(MANAGED_BY), labels.get(PART_OF)) == (TRAINSPEC, plan.name)
