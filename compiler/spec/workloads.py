"""The kinds of workload that run a stage: one row per kind, with all that phases need.

A new kind needs its value in `Output`, a row here, and the templates that the row names.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Output = Literal["job", "jobset", "trainjob"]  # `output` of a profile

Status = Mapping[str, Any]  # of an object in the cluster
Condition = Mapping[str, Any]  # `reason`, `message` and `lastTransitionTime`, each of which may be missing
FindCondition = Callable[[Status], Condition | None]


def condition(name: str) -> FindCondition:
    """Return a function that finds the condition `name` in a status; None unless it is true."""

    def find(status: Status) -> Condition | None:
        conditions = status.get("conditions") or []
        return next((each for each in conditions if each["type"] == name and each.get("status") == "True"), None)

    return find


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of object of the API server, with the name of its collection."""

    api_version: str
    name: str
    plural: str

    @property
    def key(self) -> str:
        """The kind with its version, as `apiVersion kind`."""
        return f"{self.api_version} {self.name}"

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    def collection(self, namespace: str) -> str:
        """Return the API path of all objects of the kind in a namespace."""
        root = "apis" if self.group else "api"
        return f"/{root}/{self.api_version}/namespaces/{namespace}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """Return the API path of one object."""
        return f"{self.collection(namespace)}/{name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """One kind of workload.

    Rendering: `output` selects it in a profile, and `phrase` names it in the description of that field. `templates`
    maps the last part of each file's name to its template. `sort_options` is a template that a kustomization includes,
    for a kind that needs a special order. `own_service`: whether it creates a Service of its name, through which its
    nodes connect. `first_node` is the host of the first node, with `{job}` for the workload's name and `{service}` for
    the Service rendered for it where `own_service` is false; empty where an operator sets the host. `inner_job` is the
    suffix of the name of the Job that makes its pods; empty for a Job, which makes them itself.

    Cluster: `complete` and `failed` find in its status how it ended; None if it has not. `pod_labels` are the labels
    with which its pods name it, and `container` is the name of their container. `pod_template` is the path to the pod
    template: in the workload, or in the object of the same name and the kind `described_by`.
    """

    output: Output
    phrase: str
    kind: Kind
    templates: Mapping[str, str]
    sort_options: str = ""
    own_service: bool
    first_node: str
    inner_job: str
    complete: FindCondition
    failed: FindCondition
    pod_labels: tuple[str, ...]
    container: str
    pod_template: tuple[str | int, ...]
    described_by: Kind | None = None

    @property
    def needs_operator(self) -> bool:
        """Whether the cluster needs an operator for it; only Jobs are part of Kubernetes."""
        return self.kind.group != "batch"


_POD_OF_JOB = ("spec", "template")
_POD_OF_JOB_SET = ("spec", "replicatedJobs", 0, "template", *_POD_OF_JOB)
_JOB_SET_LABEL = "jobset.sigs.k8s.io/jobset-name"

JOB = Workload(
    output="job",
    phrase="a Job",
    kind=Kind(api_version="batch/v1", name="Job", plural="jobs"),
    templates={"job": "kubernetes/job.yaml.j2"},
    own_service=False,
    first_node="{job}-0.{service}",
    inner_job="",
    complete=condition("Complete"),
    failed=condition("Failed"),
    pod_labels=("batch.kubernetes.io/job-name", "job-name"),
    container="stage",
    pod_template=_POD_OF_JOB,
)
_JOB_SET = Workload(
    output="jobset",
    phrase="a JobSet",
    kind=Kind(api_version="jobset.x-k8s.io/v1alpha2", name="JobSet", plural="jobsets"),
    templates={"jobset": "kubernetes/jobset.yaml.j2"},
    own_service=True,
    first_node="{job}-node-0-0.{job}",
    inner_job="-node-0",
    complete=condition("Completed"),
    failed=condition("Failed"),
    pod_labels=(_JOB_SET_LABEL,),
    container="stage",
    pod_template=_POD_OF_JOB_SET,
)
# its operator makes a JobSet of the same name, and requires the container name `node`
_TRAIN_JOB = Workload(
    output="trainjob",
    phrase="a TrainJob of Kubeflow Trainer",
    kind=Kind(api_version="trainer.kubeflow.org/v1alpha1", name="TrainJob", plural="trainjobs"),
    templates={"runtime": "kubernetes/training-runtime.yaml.j2", "trainjob": "kubernetes/trainjob.yaml.j2"},
    sort_options="kubernetes/_trainjob-order.yaml.j2",
    own_service=True,
    first_node="",
    inner_job="-node-0",
    complete=condition("Complete"),
    failed=condition("Failed"),
    pod_labels=(_JOB_SET_LABEL,),
    container="node",
    pod_template=("spec", "template", *_POD_OF_JOB_SET),
    described_by=Kind(api_version="trainer.kubeflow.org/v1alpha1", name="TrainingRuntime", plural="trainingruntimes"),
)

# a kind comes after the kinds that its operator makes it from, because its pods have the labels of all of them
_ROWS = (JOB, _JOB_SET, _TRAIN_JOB)
OUTPUTS: dict[str, Workload] = {each.output: each for each in _ROWS}
WORKLOADS: dict[str, Workload] = {each.kind.name: each for each in _ROWS}
