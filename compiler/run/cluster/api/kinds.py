"""The kinds of objects that plans render, and where the API server keeps them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind: the prefix of its group, and the name of its collection."""

    prefix: str
    plural: str

    def collection(self, namespace: str) -> str:
        """The path of all objects of the kind in a namespace."""
        return f"{self.prefix}/namespaces/{namespace}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """The path of one object."""
        return f"{self.collection(namespace)}/{name}"


# `apiVersion kind` → where it is; supports are applied in this order, so that nothing waits for what comes later
KINDS: dict[str, Kind] = {
    "v1 PersistentVolumeClaim": Kind(prefix="/api/v1", plural="persistentvolumeclaims"),
    "networking.k8s.io/v1 NetworkPolicy": Kind(prefix="/apis/networking.k8s.io/v1", plural="networkpolicies"),
    "v1 Service": Kind(prefix="/api/v1", plural="services"),
    "trainer.kubeflow.org/v1alpha1 TrainingRuntime": Kind(
        prefix="/apis/trainer.kubeflow.org/v1alpha1", plural="trainingruntimes"
    ),
    "v1 ConfigMap": Kind(prefix="/api/v1", plural="configmaps"),
    "batch/v1 Job": Kind(prefix="/apis/batch/v1", plural="jobs"),
    "jobset.x-k8s.io/v1alpha2 JobSet": Kind(prefix="/apis/jobset.x-k8s.io/v1alpha2", plural="jobsets"),
    "trainer.kubeflow.org/v1alpha1 TrainJob": Kind(prefix="/apis/trainer.kubeflow.org/v1alpha1", plural="trainjobs"),
}
WORKLOADS = ("Job", "JobSet", "TrainJob")
CONFIG_MAP = KINDS["v1 ConfigMap"]
JOB = KINDS["batch/v1 Job"]
POD = Kind(prefix="/api/v1", plural="pods")
EVENT = Kind(prefix="/api/v1", plural="events")


def workload_kind(name: str) -> Kind:
    """The kind of a workload by its name alone."""
    return KINDS[workload_key(name)]


def workload_key(name: str) -> str:
    """`apiVersion kind` of a workload by its name alone."""
    return next(key for key in KINDS if name in WORKLOADS and key.split()[1] == name)


def kind_of(manifest_data: object) -> Kind:
    """The kind of an object."""
    assert isinstance(manifest_data, dict)  # noqa: S101 - manifests are mappings, which their reader sees to
    return KINDS[f"{manifest_data['apiVersion']} {manifest_data['kind']}"]
