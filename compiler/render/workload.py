"""What a stage is rendered as: the files of its workload, and what their templates need to know.

A stage that trains takes the profile's `output`. All others are Jobs: they have one pod, so that there is no group to
place, connect or start again together, and the exit code of their gate must end them for good.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from compiler.plan.model import Stage
from compiler.spec.schema.cluster_profile import ProfileBody


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """The parts of the files' names after the stage's, each with its template, and what is common to their contexts."""

    templates: Mapping[str, str]
    context: dict[str, object]


_SERVICE = {"service": "kubernetes/service.yaml.j2"}
_TEMPLATES = {
    "job": {"job": "kubernetes/job.yaml.j2"},
    "jobset": {"jobset": "kubernetes/jobset.yaml.j2"},
    "trainjob": {"runtime": "kubernetes/training-runtime.yaml.j2", "trainjob": "kubernetes/trainjob.yaml.j2"},
}


def workload(stage: Stage, profile: ProfileBody) -> Workload:
    """The workload of a stage, in the profile's output."""
    output = profile.output if stage.trains else "job"
    several = stage.nodes > 1
    # its name begins with a letter, whatever the plan's begins with: that is a rule of services alone
    service = f"nodes-{stage.job}" if several and output == "job" else None
    # a TrainJob's pods are told by their operator
    first_node = {"job": f"{stage.job}-0.{service}", "jobset": f"{stage.job}-node-0-0.{stage.job}"}.get(output)
    return Workload(
        templates=_TEMPLATES[output] | (_SERVICE if service else {}),
        context={
            "indexed": several or output != "job",
            "container": "node" if output == "trainjob" else "stage",
            "processes": stage.config.get("distributed", {}).get("processes", 1),
            "service": service,
            "first_node": first_node if several else None,
            "topology": profile.gpu.topology if profile.gpu and several else None,
        },
    )
