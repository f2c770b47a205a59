"""Simulates the pods of a stage on several nodes and its operator: for a Job, a JobSet or a TrainJob."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from system.cluster.player import GOOD, NOW
from system.cluster.shop import Shop

_COMPLETE = {"Job": "Complete", "JobSet": "Completed", "TrainJob": "Complete"}
_PLURALS = {"JobSet": "jobsets", "TrainJob": "trainjobs"}


@dataclass
class Group:
    """The workload of one stage."""

    shop: Shop
    stage: str
    made: int = 0

    @property
    def name(self) -> str:
        """The name of the workload."""
        return self.shop.job(self.stage)

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The rendered workload."""
        return next(each.workload.data for each in self.shop.plan.stages if each.stage == self.stage)

    @property
    def container(self) -> str:
        """The name of the container, which the operator of TrainJobs prescribes."""
        return "node" if self.manifest["kind"] == "TrainJob" else "stage"

    def exists(self) -> bool:
        """Return whether the API server has the workload."""
        return self.name in self.names()

    def names(self) -> list[str]:
        """Return the names of all workloads of its kind."""
        if self.manifest["kind"] == "Job":
            return self.shop.player.jobs()
        return [each["metadata"]["name"] for each in self._objects.list_namespaced_custom_object(*self._where)["items"]]

    def start(self, index: int, log: str = "") -> str:
        """Start a pod of an index; return its name."""
        self.made += 1
        pod = f"{self.name}-{index}-{self.made}"
        owner = self.name if self.manifest["kind"] == "Job" else f"{self.name}-node-0"
        labels = {
            "app.kubernetes.io/part-of": self.shop.plan.name,
            "batch.kubernetes.io/job-name": owner,
            "batch.kubernetes.io/job-completion-index": str(index),
        }
        if self.manifest["kind"] != "Job":
            labels["jobset.sigs.k8s.io/jobset-name"] = self.name
        meta = {"name": pod, "labels": labels, "annotations": {"mini-apiserver/log": log}}
        spec = {"containers": [{"name": self.container, "image": "image"}], "restartPolicy": "Never"}
        self.shop.player.core.create_namespaced_pod(self.shop.namespace, {"metadata": meta, "spec": spec})
        self._pod(pod, "Running", {"running": {"startedAt": NOW}})
        return pod

    def end(self, pod: str, message: Mapping[str, Any] = GOOD) -> None:
        """End a pod with a termination message."""
        code = int(message["exit_code"])
        ended = {"exitCode": code, "reason": "Error" if code else "Completed", "message": json.dumps(message)}
        self._pod(pod, "Failed" if code else "Succeeded", {"terminated": ended})

    def wait_for_room(self, pod: str) -> None:
        """Mark a pod as unschedulable."""
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/4 nodes fit"}
        status = {"phase": "Pending", "conditions": [condition], "containerStatuses": None}
        self.shop.player.core.patch_namespaced_pod_status(pod, self.shop.namespace, {"status": status})

    def remove_pods(self) -> None:
        """Delete the pods of a deleted workload, as the cluster does."""
        self.shop.player.core.delete_collection_namespaced_pod(self.shop.namespace, grace_period_seconds=0)

    def complete(self) -> None:
        """Complete the workload."""
        if self.manifest["kind"] == "Job":
            self.shop.player.finish(self.name, pods=False)
        else:
            self._say(_COMPLETE[self.manifest["kind"]], "AllJobsCompleted", "jobset completed successfully")

    def fail(self) -> None:
        """Fail the workload."""
        if self.manifest["kind"] == "Job":
            self.shop.player.fail(self.name, "PodFailurePolicy", "a rule said so")
        else:
            self._say("Failed", "FailedJobs", "jobset failed due to one or more job failures")

    def delete(self) -> None:
        """Delete the workload and its pods."""
        if self.manifest["kind"] == "Job":
            self.shop.player.delete(self.name)
        else:
            self._objects.delete_namespaced_custom_object(*self._where, self.name)
        self.remove_pods()

    @property
    def _objects(self) -> client.CustomObjectsApi:
        return client.CustomObjectsApi(self.shop.player.core.api_client)

    @property
    def _where(self) -> tuple[str, str, str, str]:
        group, version = self.manifest["apiVersion"].split("/")
        return group, version, self.shop.namespace, _PLURALS[self.manifest["kind"]]

    def _say(self, condition: str, reason: str, message: str) -> None:
        entry = {"type": condition, "status": "True", "reason": reason, "message": message, "lastTransitionTime": NOW}
        self._objects.patch_namespaced_custom_object_status(
            *self._where, self.name, {"status": {"conditions": [entry]}}
        )

    def _pod(self, pod: str, phase: str, state: Mapping[str, Any]) -> None:
        container = {"name": self.container, "state": state, "ready": "running" in state, "restartCount": 0}
        status = {"phase": phase, "containerStatuses": [{"image": "image", "imageID": "", **container}]}
        self.shop.player.core.patch_namespaced_pod_status(pod, self.shop.namespace, {"status": status})
