"""What is done to the cluster for one stage: create its Job once, replace an ended one, read back a lost result."""

import copy
import time
from collections.abc import Mapping
from typing import Any

from compiler.cluster.api import Api, Object
from compiler.cluster.cluster_plan import ClusterPlan, PlannedStage
from compiler.cluster.kinds import JOB, kind_of
from compiler.cluster.problems import ApiError, ClusterError, problem
from compiler.cluster.refusals import refusal
from compiler.cluster.supports import MANAGER
from compiler.cluster.views import REPORT_SUFFIX, REPORTS
from compiler.diagnostics import Diagnostic

_REPORT_SECONDS = 900
_GONE_SECONDS = 150.0


def create(api: Api, plan: ClusterPlan, stage: PlannedStage, *, dry_run: bool = False) -> tuple[str, Diagnostic | None]:
    """Create the Job of a stage if it is absent: the uid of the Job that is there then, or the refusal."""
    manifest = stage.workload
    kind = kind_of(manifest.data)
    where = f"{plan.shown}/{manifest.file}"
    what = f"{manifest.kind} `{manifest.name}`"
    query = {"fieldManager": MANAGER, "fieldValidation": "Strict", **({"dryRun": "All"} if dry_run else {})}
    try:
        made = api.create(kind.collection(manifest.namespace), dict(manifest.data), query)
    except ApiError as error:
        if error.status != 409:
            return "", refusal(error, "create", what, where)
        found = _get(api, kind.path(manifest.namespace, manifest.name))
        if found is not None and not _is_ours(found, plan):
            message = f"{what} is there already, and is none of this plan"
            return "", problem("CLU606", message, where, hint="rename that object, or the spec")
        return (found["metadata"]["uid"] if found is not None else ""), None
    return made["metadata"]["uid"], None


def remove(api: Api, stage: PlannedStage, namespace: str, where: str) -> None:
    """Delete the Job of a stage with its pods, and the one that reports for it, and wait until their names are free."""
    manifest = stage.workload
    paths = {
        manifest.name: kind_of(manifest.data).path(namespace, manifest.name),
        manifest.name + REPORT_SUFFIX: JOB.path(namespace, manifest.name + REPORT_SUFFIX),
    }
    for name, path in paths.items():
        delete(api, path, f"{manifest.kind} `{name}`", where)
    deadline = time.monotonic() + _GONE_SECONDS
    while any(_get(api, path) is not None for path in paths.values()):
        if time.monotonic() > deadline:
            hint = "see what holds it back (`kubectl describe job`), then run the command again"
            message = f"{manifest.kind} `{manifest.name}` was deleted, and is still there"
            raise ClusterError(problem("CLU606", message, where, hint=hint))
        time.sleep(0.5)


def delete(api: Api, path: str, what: str, where: str) -> bool:
    """Delete a Job with its pods, which then checkpoint; whether there was one."""
    try:
        api.delete(path, {"propagationPolicy": "Background"})
    except ApiError as error:
        if error.status == 404:
            return False
        raise ClusterError(refusal(error, "delete", what, where)) from error
    return True


def report(api: Api, plan: ClusterPlan, stage: PlannedStage) -> Diagnostic | None:
    """Create the small Job that reads the result of a stage whose own Job is gone; the refusal if there is one."""
    where = f"{plan.shown}/{stage.workload.file}"
    manifest = report_job(plan, stage)
    try:
        api.create(JOB.collection(plan.namespace), manifest, {"fieldManager": MANAGER})
    except ApiError as error:
        if error.status != 409:
            return refusal(error, "create", f"Job `{manifest['metadata']['name']}`", where)
    return None


def report_job(plan: ClusterPlan, stage: PlannedStage) -> Object:
    """The Job of a stage as one that starts nothing: one pod, no GPU, minutes at most, its runtime with `--report`."""
    source = stage.workload.data
    template = copy.deepcopy(_pod_template(plan, stage))
    (container,) = template["spec"]["containers"]
    container["args"] = [*container["args"], "--report"]
    for amounts in container["resources"].values():
        for name in [each for each in amounts if "/" in each]:  # a GPU, or another device
            del amounts[name]
    name = stage.job + REPORT_SUFFIX
    meta = source["metadata"]
    labels = {each: value for each, value in meta["labels"].items() if not each.startswith("kueue.x-k8s.io/")}
    notes = {each: value for each, value in meta["annotations"].items() if each.startswith("trainspec.dev/")}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "labels": labels,
            "annotations": {**notes, REPORTS: stage.job},
        },
        "spec": {
            "backoffLimit": 3,
            "activeDeadlineSeconds": _REPORT_SECONDS,
            "podFailurePolicy": {"rules": [_never_retry(container["name"])]},
            "template": template,
        },
    }


def _never_retry(container: str) -> Object:
    """What no other try of a report would change: no result (66), a bad config, a gate that did not pass."""
    codes = {"containerName": container, "operator": "In", "values": [65, 66, 78, 80]}
    return {"action": "FailJob", "onExitCodes": codes}


def _pod_template(plan: ClusterPlan, stage: PlannedStage) -> Any:
    """What the pods of a stage are made from; a TrainJob has it in the TrainingRuntime of its name."""
    source: Mapping[str, Any] = stage.workload.data
    if source["kind"] == "Job":
        return source["spec"]["template"]
    if source["kind"] == "TrainJob":
        runtime = next(each for each in plan.supports if (each.kind, each.name) == ("TrainingRuntime", stage.job))
        source = runtime.data["spec"]["template"]
    return source["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]


def _get(api: Api, path: str) -> Object | None:
    try:
        return api.get(path)
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def _is_ours(found: Object, plan: ClusterPlan) -> bool:
    labels = found["metadata"].get("labels") or {}
    parts = ("app.kubernetes.io/managed-by", "app.kubernetes.io/part-of")
    return tuple(labels.get(each) for each in parts) == ("trainspec", plan.name)
