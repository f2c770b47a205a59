"""The kinds of objects that plans render, with their API paths."""

from compiler.spec.workloads import JOB as JOB_ROW
from compiler.spec.workloads import WORKLOADS, Kind

CONFIG_MAP = Kind(api_version="v1", name="ConfigMap", plural="configmaps")
JOB = JOB_ROW.kind
POD = Kind(api_version="v1", name="Pod", plural="pods")
EVENT = Kind(api_version="v1", name="Event", plural="events")
_RENDERED = (
    Kind(api_version="v1", name="PersistentVolumeClaim", plural="persistentvolumeclaims"),
    Kind(api_version="networking.k8s.io/v1", name="NetworkPolicy", plural="networkpolicies"),
    Kind(api_version="v1", name="Service", plural="services"),
    CONFIG_MAP,
    *(each.described_by for each in WORKLOADS.values() if each.described_by is not None),
    *(each.kind for each in WORKLOADS.values()),
)
KINDS: dict[str, Kind] = {each.key: each for each in _RENDERED}  # by `apiVersion kind`


def workload_kind(name: str) -> Kind:
    """Return the kind of a workload by its name."""
    return WORKLOADS[name].kind


def workload_key(name: str) -> str:
    """Return `apiVersion kind` of a workload by its name."""
    return workload_kind(name).key


def kind_of(manifest_data: object) -> Kind:
    """Return the kind of an object."""
    assert isinstance(manifest_data, dict)  # noqa: S101 - their reader checks that manifests are mappings
    return KINDS[f"{manifest_data['apiVersion']} {manifest_data['kind']}"]
