"""A plan folder for the cluster executor: supports to apply, and stages to run in order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler.diagnostics import Outcome
from compiler.run.cluster.api.kinds import CONFIG_MAP, KINDS
from compiler.run.manifests import Manifest, read_manifests, refused, rendered_data, rendered_manifests
from compiler.spec import labels
from compiler.spec.workloads import WORKLOADS, Kind
from compiler.spec.yaml.load import compose

_Parse = Callable[[str], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedStage:
    """A stage of the plan: its rendered workload and its config.

    `name` is the name of its Job. If `finished`, the evidence had its result when the plan was compiled. `template` is
    its pod template.
    """

    name: str
    stage: str
    order: int
    needs: str
    finished: bool
    workload: Manifest
    template: Mapping[str, Any]
    config: Mapping[str, Any]
    config_text: str

    @property
    def method(self) -> str:
        """The method of the stage, such as `sft`."""
        return str(self.config["method"])


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterPlan:
    """A plan in `folder`; `supports` are all objects that start nothing."""

    name: str
    folder: Path
    namespace: str
    digest: str
    supports: tuple[Manifest, ...]
    stages: tuple[PlannedStage, ...]

    @property
    def shown(self) -> str:
        """The plan folder as a POSIX path, for messages and commands."""
        return self.folder.as_posix()

    @property
    def pending(self) -> tuple[PlannedStage, ...]:
        """The stages that were not finished when the plan was compiled."""
        return tuple(stage for stage in self.stages if not stage.finished)


def read_cluster_plan(folder: Path) -> Outcome[ClusterPlan | None]:
    """Read the plan of a folder; None for a plan without Jobs.

    RUN791 if the folder is not a plan.
    """
    read = read_manifests(folder)
    if read.value is None:
        return Outcome(value=None, diagnostics=read.diagnostics)
    return _outcome(folder, read.value, _composed)


def rendered_cluster_plan(folder: Path, files: Mapping[str, bytes]) -> Outcome[ClusterPlan | None]:
    """Like `read_cluster_plan`, but faster, for files that equal the rendered ones."""
    return _outcome(folder, rendered_manifests(files), rendered_data)


def _composed(text: str) -> object:
    outcome = compose(text, "config.yaml")
    return outcome.value.data if outcome.value is not None else None


def _outcome(folder: Path, manifests: tuple[Manifest, ...], parse: _Parse) -> Outcome[ClusterPlan | None]:
    if not manifests:
        return Outcome(value=None)
    try:
        return Outcome(value=_plan(folder, manifests, parse))
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        return refused(f"a manifest differs from a rendered one: {error}", folder)


def _plan(folder: Path, manifests: tuple[Manifest, ...], parse: _Parse) -> ClusterPlan:
    unknown = sorted({f"{each.data['apiVersion']} {each.kind}" for each in manifests} - set(KINDS))
    if unknown:
        raise ValueError(f"plans do not render the kind `{unknown[0]}`")
    workloads = [each for each in manifests if each.kind in WORKLOADS]
    stages = sorted((_stage(each, manifests, parse) for each in workloads), key=lambda stage: stage.order)
    namespaces = {each.namespace for each in manifests}
    if len(namespaces) != 1:
        raise ValueError(f"the objects are in several namespaces: {', '.join(sorted(namespaces))}")
    first = workloads[0]
    return ClusterPlan(
        name=str(first.data["metadata"]["labels"][labels.PART_OF]),
        folder=folder,
        namespace=namespaces.pop(),
        digest=first.notes[labels.PLAN_DIGEST],
        supports=tuple(each for each in manifests if each.kind not in WORKLOADS and each.applied),
        stages=tuple(stages),
    )


def _stage(workload: Manifest, manifests: tuple[Manifest, ...], parse: _Parse) -> PlannedStage:
    text = str(_named_as(workload, CONFIG_MAP, manifests)["data"]["config.yaml"])
    config = parse(text)
    if not isinstance(config, dict):
        raise ValueError(f"the config of `{workload.name}` is not a mapping")
    return PlannedStage(
        name=workload.name,
        stage=workload.notes[labels.STAGE],
        order=int(workload.notes[labels.ORDER]),
        needs=workload.notes[labels.NEEDS],
        finished=not workload.applied,
        workload=workload,
        template=_pod_template(workload, manifests),
        config=config,
        config_text=text,
    )


def _pod_template(workload: Manifest, manifests: tuple[Manifest, ...]) -> Mapping[str, Any]:
    """Return the pod template of a workload."""
    row = WORKLOADS[workload.kind]
    found: Any = _named_as(workload, row.described_by, manifests) if row.described_by is not None else workload.data
    for step in row.pod_template:
        found = found[step]
    template: Mapping[str, Any] = found
    return template


def _named_as(workload: Manifest, kind: Kind, manifests: tuple[Manifest, ...]) -> Mapping[str, Any]:
    """Return the object of a kind with the name of a workload; KeyError if it is missing."""
    return {each.name: each.data for each in manifests if each.kind == kind.name}[workload.name]
