"""Simulates controllers and kubelets through `/status`, because the small API server has none."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubernetes import client, config

NOW = "2026-01-01T00:00:00Z"
GOOD = {"status": "complete", "exit_code": 0, "metrics": {}, "gate": None}


def gate(verdict: str) -> dict[str, Any]:
    """Return the termination message of an evaluation with the verdict of its gate."""
    code = 80 if verdict in ("no-gain", "worse") else 0
    metrics = {"execution_accuracy": {"value": 0.4, "low": 0.3, "high": 0.5, "n": 100}}
    return {**GOOD, "exit_code": code, "metrics": metrics, "gate": {"verdict": verdict, "reason": "as played"}}


@dataclass
class Player:
    """Writes the statuses of Jobs and pods in a namespace; `pods` counts the pods of each Job."""

    kubeconfig: str
    namespace: str
    pods: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        api = config.new_client_from_config(self.kubeconfig)
        self.core, self.batch = client.CoreV1Api(api), client.BatchV1Api(api)

    def jobs(self) -> list[str]:
        """Return the names of the existing Jobs."""
        return sorted(each.metadata.name for each in self.batch.list_namespaced_job(self.namespace).items)

    def uid(self, job: str) -> str:
        """Return the uid of a Job."""
        uid: str = self.batch.read_namespaced_job(job, self.namespace).metadata.uid
        return uid

    def start(self, job: str, log: str = "") -> str:
        """Start a pod of the Job; return its name."""
        pod = self._pod(job, log)
        running = {"name": "stage", "state": {"running": {"startedAt": NOW}}, "ready": True, "restartCount": 0}
        self._pod_status(pod, {"phase": "Running", "containerStatuses": [self._container(running)]})
        self.batch.patch_namespaced_job_status(
            job, self.namespace, {"status": {"startTime": NOW, "active": 1, "ready": 1}}
        )
        return pod

    def hold(self, job: str, reason: str, message: str = "") -> str:
        """Create a pod whose container cannot start; return its name."""
        pod = self._pod(job, "")
        waiting = {"name": "stage", "state": {"waiting": {"reason": reason, "message": message}}, "ready": False}
        status = self._container(waiting | {"restartCount": 0})
        self._pod_status(pod, {"phase": "Pending", "containerStatuses": [status]})
        self.batch.patch_namespaced_job_status(job, self.namespace, {"status": {"startTime": NOW, "active": 1}})
        return pod

    def finish(self, job: str, message: Mapping[str, Any] = GOOD, *, pods: bool = True) -> None:
        """End the Job with a termination message; without `pods`, its pods were lost with their node."""
        code = int(message["exit_code"])
        if pods:
            self.end_pod(self.start(job), code, json.dumps(message))
        self.end_job(job, code)

    def end_job(self, job: str, code: int) -> None:
        """Complete or fail the Job by the exit code of its pod."""
        if code:
            message = (
                f"Container stage for pod {self.namespace}/{job}-0 failed with exit code {code} matching FailJob rule"
            )
            return self.fail(job, "PodFailurePolicy", message)
        done = [
            {"type": name, "status": "True", "lastTransitionTime": NOW, "lastProbeTime": NOW}
            for name in ("SuccessCriteriaMet", "Complete")
        ]
        status = {"startTime": NOW, "completionTime": NOW, "succeeded": 1, "active": 0, "ready": 0, "conditions": done}
        self.batch.patch_namespaced_job_status(job, self.namespace, {"status": status})
        return None

    def fail(self, job: str, reason: str, message: str) -> None:
        """Fail the Job."""
        conditions = [
            {"type": name, "status": "True", "reason": reason, "message": message, "lastTransitionTime": NOW}
            for name in ("FailureTarget", "Failed")
        ]
        status = {"startTime": NOW, "failed": 1, "active": 0, "ready": 0, "conditions": conditions}
        self.batch.patch_namespaced_job_status(job, self.namespace, {"status": status})

    def end_pod(self, pod: str, code: int, message: str = "", reason: str = "") -> None:
        """End the container of a pod."""
        ended = {"exitCode": code, "reason": reason or ("Error" if code else "Completed"), "message": message}
        container = {"name": "stage", "state": {"terminated": ended}, "ready": False, "restartCount": 0}
        phase = "Failed" if code else "Succeeded"
        self._pod_status(pod, {"phase": phase, "containerStatuses": [self._container(container)]})

    def delete(self, job: str) -> None:
        """Delete the Job and its pods, like a user or a time to live."""
        self.batch.delete_namespaced_job(job, self.namespace, propagation_policy="Background")

    def _pod(self, job: str, log: str) -> str:
        found = self.batch.read_namespaced_job(job, self.namespace)
        self.pods[job] = self.pods.get(job, 0) + 1
        name = f"{job}-{self.pods[job]}"
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": found.metadata.uid, "controller": True}
        labels = {**found.spec.template.metadata.labels, "batch.kubernetes.io/job-name": job, "job-name": job}
        body = client.ApiClient().sanitize_for_serialization(found.spec.template)
        meta = {"name": name, "labels": labels, "ownerReferences": [owner], "annotations": {"mini-apiserver/log": log}}
        self.core.create_namespaced_pod(self.namespace, {"metadata": meta, "spec": body["spec"]})
        return name

    def _pod_status(self, pod: str, status: dict[str, Any]) -> None:
        self.core.patch_namespaced_pod_status(pod, self.namespace, {"status": status})

    def _container(self, status: dict[str, Any]) -> dict[str, Any]:
        return {"image": "image", "imageID": "", **status}


class Controller:
    """Ends every Job as soon as it exists, with the message that `outcomes` returns for its name.

    `runs` are the names of the ended Jobs, in order. Jobs with uids in `known` are ignored.
    """

    def __init__(self, player: Player, outcomes: Callable[[str], Mapping[str, Any]]) -> None:
        self.runs: list[str] = []
        self.known: set[str] = set()
        self._player = player
        self._outcomes = outcomes
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._play, daemon=True)

    def __enter__(self) -> "Controller":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _play(self) -> None:
        while not self._stopped.wait(0.1):
            try:
                jobs = self._player.batch.list_namespaced_job(self._player.namespace).items
                for job in sorted(jobs, key=lambda each: each.metadata.name):
                    if job.metadata.uid not in self.known and not job.status.conditions:
                        self._player.finish(job.metadata.name, self._outcomes(job.metadata.name))
                        self.runs.append(job.metadata.name)
                        self.known.add(job.metadata.uid)
            except Exception as error:  # some tests stop the server
                self.last_error = error
