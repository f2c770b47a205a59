"""The kinds of workload that a stage is rendered as: one row a kind, with what every phase has to know of it.

A new kind is a row here, the templates that the row names, and a word of `ProfileBody.output`.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of object of the API server, and the name of its collection there."""

    api_version: str
    name: str
    plural: str

    @property
    def key(self) -> str:
        """`apiVersion kind`, as a manifest names it."""
        return f"{self.api_version} {self.name}"

    @property
    def group(self) -> str:
        """Its API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    def collection(self, namespace: str) -> str:
        """The path of all objects of the kind in a namespace."""
        root = "apis" if self.group else "api"
        return f"/{root}/{self.api_version}/namespaces/{namespace}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """The path of one object."""
        return f"{self.collection(namespace)}/{name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """One kind of workload.

    Rendering: `output` selects it in a profile. `templates` maps the last part of each file's name to its template.
    `sort_options` is a template that a kustomization includes, for a kind that needs an order of its own.
    `own_service` says that it makes a Service of its name, through which its nodes meet. `first_node` is the host of
    the first node, with `{job}` for its name and `{service}` for that of the Service that is rendered without its own;
    empty where an operator sets it. `inner_job` is what it appends to its name for the Job that makes its pods; a Job
    makes them itself.

    Cluster: `complete` and `failed` are the conditions that end it. `pod_labels` are the labels in which its pods name
    it, and `container` is the name of their container. `pod_template` is the path to what the pods are made from: in
    the workload, or in the object of the kind `described_by` that has the same name.
    """

    output: str
    kind: Kind
    templates: Mapping[str, str]
    sort_options: str = ""
    own_service: bool
    first_node: str
    inner_job: str
    complete: str
    failed: str
    pod_labels: tuple[str, ...]
    container: str
    pod_template: tuple[str | int, ...]
    described_by: Kind | None = None

    @property
    def needs_operator(self) -> bool:
        """Whether the cluster needs an operator for it, since Kubernetes has only Jobs."""
        return self.kind.group != "batch"


_POD_OF_JOB = ("spec", "template")
_POD_OF_JOB_SET = ("spec", "replicatedJobs", 0, "template", *_POD_OF_JOB)
_JOB_SET_LABEL = "jobset.sigs.k8s.io/jobset-name"

JOB = Workload(
    output="job",
    kind=Kind(api_version="batch/v1", name="Job", plural="jobs"),
    templates={"job": "kubernetes/job.yaml.j2"},
    own_service=False,
    first_node="{job}-0.{service}",
    inner_job="",
    complete="Complete",
    failed="Failed",
    pod_labels=("batch.kubernetes.io/job-name", "job-name"),
    container="stage",
    pod_template=_POD_OF_JOB,
)
_JOB_SET = Workload(
    output="jobset",
    kind=Kind(api_version="jobset.x-k8s.io/v1alpha2", name="JobSet", plural="jobsets"),
    templates={"jobset": "kubernetes/jobset.yaml.j2"},
    own_service=True,
    first_node="{job}-node-0-0.{job}",
    inner_job="-node-0",
    complete="Completed",
    failed="Failed",
    pod_labels=(_JOB_SET_LABEL,),
    container="stage",
    pod_template=_POD_OF_JOB_SET,
)
# its operator makes a JobSet of its name, and looks for the container `node`
_TRAIN_JOB = Workload(
    output="trainjob",
    kind=Kind(api_version="trainer.kubeflow.org/v1alpha1", name="TrainJob", plural="trainjobs"),
    templates={"runtime": "kubernetes/training-runtime.yaml.j2", "trainjob": "kubernetes/trainjob.yaml.j2"},
    sort_options="kubernetes/_trainjob-order.yaml.j2",
    own_service=True,
    first_node="",
    inner_job="-node-0",
    complete="Complete",
    failed="Failed",
    pod_labels=(_JOB_SET_LABEL,),
    container="node",
    pod_template=("spec", "template", *_POD_OF_JOB_SET),
    described_by=Kind(api_version="trainer.kubeflow.org/v1alpha1", name="TrainingRuntime", plural="trainingruntimes"),
)

# a kind comes after those that its operator makes it from: their pods have the labels of all of them
_ROWS = (JOB, _JOB_SET, _TRAIN_JOB)
OUTPUTS: dict[str, Workload] = {each.output: each for each in _ROWS}
WORKLOADS: dict[str, Workload] = {each.kind.name: each for each in _ROWS}
