"""What a stage is rendered as: the files of its workload, and what their templates need to know.

A stage that trains takes the profile's `output`. All others are Jobs: they have one pod, so that there is no group to
place, connect or start again together, and the exit code of their gate must end them for good.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from compiler.plan.model import Stage
from compiler.spec.schema.cluster_profile import ProfileBody
from compiler.spec.workloads import JOB, OUTPUTS

_SERVICE = {"service": "kubernetes/service.yaml.j2"}


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkloadFiles:
    """The parts of the files' names after the stage's, each with its template, and what is common to their contexts."""

    templates: Mapping[str, str]
    context: dict[str, object]


def workload_files(stage: Stage, profile: ProfileBody) -> WorkloadFiles:
    """The files of a stage's workload, in the profile's output."""
    workload = OUTPUTS[profile.output] if stage.trains else JOB
    several = stage.nodes > 1
    # its name begins with a letter, whatever the plan's begins with: that is a rule of services alone
    service = f"nodes-{stage.job}" if several and not workload.own_service else None
    first_node = workload.first_node.format(job=stage.job, service=service) if several else ""
    return WorkloadFiles(
        templates={**workload.templates, **(_SERVICE if service else {})},
        context={
            "indexed": several or workload.own_service,  # the pods of a Service have their names by their index
            "container": workload.container,
            "processes": stage.config.get("distributed", {}).get("processes", 1),
            "service": service,
            "first_node": first_node,
            "topology": profile.gpu.topology if profile.gpu and several else None,
        },
    )
