"""`trainspec driver`: the apply loop of one plan as a small Job in the cluster.

It serves projects whose CI cannot wait.

The driver carries its plan: a ConfigMap holds the files of the plan folder. This module compares them with the spec,
and the driver compares them with their digest, so the cluster needs neither the repository nor a key to it. An
administrator sets up the driver's account and role once (`trainspec access`), so that the caller that starts drivers
needs no permission to grant permissions.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from compiler import __version__
from compiler.diagnostics import Diagnostic, Outcome, diagnostic
from compiler.pipeline.phases import make_plan
from compiler.plan.model import Plan
from compiler.render.bundle import RenderedFile
from compiler.render.plan_folder import folder_files
from compiler.render.templates import render_object
from compiler.run.cluster.api.errors import problem
from compiler.run.cluster.apply.approve import approvals, outdated
from compiler.spec.discover import PLAN_FOLDER, SPEC_FILE
from compiler.spec.names import digest, job_name

WAIT_SECONDS = 24 * 3600  # one stage may wait this long for capacity; its own deadline does not count that
MAX_BYTES = 1 << 20  # limit of the API server for all values of a ConfigMap


@dataclass(frozen=True, kw_only=True, slots=True)
class Driver:
    """The inputs of the driver's objects.

    `path` is the plan folder, relative to the root of the container.
    """

    name: str
    path: str
    files: tuple[RenderedFile, ...]
    files_digest: str
    deadline_seconds: int


def driver_text(folder: Path, plan_digest: str | None) -> Outcome[str]:
    """Render the objects as one YAML text.

    CLU608: the plan is not the approved one. CLU616: no Job is left to run. CLU617: the plan cannot have a driver.
    """
    (approval,) = approvals([folder], plan_digest)
    if approval.diagnostics:
        return Outcome(value=None, diagnostics=approval.diagnostics)
    files = folder_files(folder, approval.files) if approval.files else {}
    spec = folder.parent / SPEC_FILE
    made = make_plan(spec, spec.as_posix())
    if files is None or made.value is None:  # they changed after they were approved
        return Outcome(value=None, diagnostics=(outdated(folder),))
    refused = tuple(_refusals(made.value, files, folder))
    return Outcome(value=None, diagnostics=refused) if refused else _render(made.value, files, approval.files)


def _refusals(plan: Plan, files: Mapping[str, bytes], folder: Path) -> Iterator[Diagnostic]:
    if not files or not plan.pending:
        hint = f"see {folder / 'PLAN.md'} for what to do next"
        yield problem("CLU616", "this plan has no Job left to run", folder.as_posix(), hint=hint)
    profile = plan.inputs.profile
    if profile.spec.driver_image is None:
        hint = "build one (see docs/image.md), and add it with its digest to the profile as `driverImage`"
        message = f"profile `{profile.metadata.name}` has no driver image"
        yield diagnostic("CLU617", message, plan.inputs.profile_document.at(("spec",)), hint=hint)
    size = sum(map(len, files.values()))
    if size > MAX_BYTES:
        message = f"the plan folder has {size:,} bytes, but a ConfigMap holds at most {MAX_BYTES:,}"
        yield problem("CLU617", message, folder.as_posix(), hint="apply it from CI: `trainspec apply --wait`")


def _render(plan: Plan, files: Mapping[str, bytes], files_digest: str) -> Outcome[str]:
    found: list[Diagnostic] = []
    context: dict[str, object] = {
        "plan": plan,
        "profile": plan.inputs.profile.spec,
        "version": __version__,
        "driver": driver_of(plan, files, files_digest),
    }
    texts = [render_object(name, f"driver/{name}.yaml.j2", context, found).text for name in ("configmap", "job")]
    return Outcome(value=None if found else "---\n".join(texts), diagnostics=tuple(found))


def driver_of(plan: Plan, files: Mapping[str, bytes], files_digest: str) -> Driver:
    """Return the driver of a plan.

    A Job is immutable, so the digest in its name covers its content.
    """
    profile = plan.inputs.profile.spec
    made_of = [files_digest, profile.driver_image, profile.image_pull_secrets, __version__]
    return Driver(
        name=job_name(plan.name, "driver", digest(made_of)),
        path=f"specs/{plan.name}/{PLAN_FOLDER}",
        files=tuple(RenderedFile(name=name, text=content.decode()) for name, content in files.items()),
        files_digest=files_digest,
        deadline_seconds=sum(stage.deadline_seconds + WAIT_SECONDS for stage in plan.pending),
    )
