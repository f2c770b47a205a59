"""A plan folder as the cluster executor sees it: supports that are applied at once, and stages one after the other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler.diagnostics import Outcome
from compiler.run.cluster.api.kinds import KINDS, WORKLOADS
from compiler.run.manifests import Manifest, read_manifests, refused, rendered_data, rendered_manifests
from compiler.spec.yaml.load import compose

_NOTE = "trainspec.dev/"
_Parse = Callable[[str], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedStage:
    """A stage of the plan: its Job (or JobSet, or TrainJob) as rendered, and what its config says.

    `name` is that of its Job. `finished` was so when the plan was compiled: its result is in the evidence beside the
    spec. `template` is what its pods are made from.
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
        """What it does, such as `sft`."""
        return str(self.config["method"])


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterPlan:
    """A plan: `supports` are all objects that start nothing, `spec` is the folder that it was compiled from."""

    name: str
    folder: Path
    namespace: str
    digest: str
    supports: tuple[Manifest, ...]
    stages: tuple[PlannedStage, ...]

    @property
    def shown(self) -> str:
        """The plan folder as people type it."""
        return self.folder.as_posix()

    @property
    def pending(self) -> tuple[PlannedStage, ...]:
        """The stages that are not known to be finished."""
        return tuple(stage for stage in self.stages if not stage.finished)


def read_cluster_plan(folder: Path) -> Outcome[ClusterPlan | None]:
    """The plan of a folder; the value of a plan that renders no Job is None, and RUN791 says what is no plan at all."""
    read = read_manifests(folder)
    if read.value is None:
        return Outcome(value=None, diagnostics=read.diagnostics)
    return _outcome(folder, read.value, _composed)


def rendered_cluster_plan(folder: Path, files: Mapping[str, bytes]) -> Outcome[ClusterPlan | None]:
    """As `read_cluster_plan`, from the files of a folder that is known to be just what was rendered: in less time."""
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
        return refused(f"a manifest lacks what a rendered one has: {error}", folder)


def _plan(folder: Path, manifests: tuple[Manifest, ...], parse: _Parse) -> ClusterPlan:
    unknown = sorted({f"{each.data['apiVersion']} {each.kind}" for each in manifests} - set(KINDS))
    if unknown:
        raise ValueError(f"kind `{unknown[0]}` is none of those")
    configs = {each.name: each for each in manifests if each.kind == "ConfigMap"}
    runtimes = {each.name: each for each in manifests if each.kind == "TrainingRuntime"}
    workloads = [each for each in manifests if each.kind in WORKLOADS]
    stages = sorted((_stage(each, configs, runtimes, parse) for each in workloads), key=lambda stage: stage.order)
    namespaces = {each.namespace for each in manifests}
    if len(namespaces) != 1:
        raise ValueError(f"objects of the namespaces {', '.join(sorted(namespaces))}; a plan has one")
    first = workloads[0]
    return ClusterPlan(
        name=str(first.data["metadata"]["labels"]["app.kubernetes.io/part-of"]),
        folder=folder,
        namespace=namespaces.pop(),
        digest=first.notes[f"{_NOTE}plan-digest"],
        supports=tuple(each for each in manifests if each.kind not in WORKLOADS and each.applied),
        stages=tuple(stages),
    )


def _stage(
    workload: Manifest, configs: Mapping[str, Manifest], runtimes: Mapping[str, Manifest], parse: _Parse
) -> PlannedStage:
    text = str(configs[workload.name].data["data"]["config.yaml"])
    config = parse(text)
    if not isinstance(config, dict):
        raise ValueError(f"the config of `{workload.name}` is no mapping")
    return PlannedStage(
        name=workload.name,
        stage=workload.notes[f"{_NOTE}stage"],
        order=int(workload.notes[f"{_NOTE}order"]),
        needs=workload.notes[f"{_NOTE}needs"],
        finished=not workload.applied,
        workload=workload,
        template=_template(workload, runtimes),
        config=config,
        config_text=text,
    )


def _template(workload: Manifest, runtimes: Mapping[str, Manifest]) -> Mapping[str, Any]:
    """What the pods of a workload are made from; a TrainJob has it in the TrainingRuntime of its name."""
    spec = workload.data["spec"]
    if workload.kind == "TrainJob":
        spec = runtimes[workload.name].data["spec"]["template"]["spec"]
    if workload.kind != "Job":
        spec = spec["replicatedJobs"][0]["template"]["spec"]
    template: Mapping[str, Any] = spec["template"]
    return template
