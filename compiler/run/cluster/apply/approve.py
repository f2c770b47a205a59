"""Approve plan folders that match their specs and have the approved digest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from compiler.diagnostics import Diagnostic, Outcome, has_errors
from compiler.pipeline.cache import Cache, open_cache
from compiler.pipeline.cached import compiled
from compiler.pipeline.processes import each
from compiler.render.plan_folder import changes, folder_files
from compiler.run.cluster.api.errors import problem
from compiler.run.cluster.state.plan import ClusterPlan, read_cluster_plan, rendered_cluster_plan
from compiler.run.manifests import refused
from compiler.spec.discover import PLAN_FOLDER, SPEC_FILE, SpecPath, find_specs

_MOST_NAMED = 3  # files that a message names


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """The outcome for a plan folder.

    `files` is the digest of its files if they are approved and contain Jobs. It is small, so that memory can hold
    thousands before the first plan is applied.
    """

    folder: Path
    files: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Approved:
    """The approvals of many plan folders; `empty` are the folders of plans without Jobs."""

    plans: tuple[Approval, ...] = ()
    empty: tuple[Path, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def approve(paths: list[Path], *, digest: str | None, files_digest: str | None) -> Approved:
    """Compare the plan folders under the paths with their specs and `digest`.

    With `files_digest`, compare a folder only with that. CLU608 if a folder is not the approved one.
    """
    folders, found = plan_folders(paths)
    if (digest is not None or files_digest) and len(folders) > 1:
        message = f"a digest approves one plan, but {len(folders)} were given"
        found.append(problem("CLU608", message, str(paths[0]), hint="apply each plan with its own digest"))
    if found:
        return Approved(diagnostics=tuple(found))
    checked = [approved_alone(each, files_digest) for each in folders] if files_digest else approvals(folders, digest)
    plans: list[Approval] = []
    empty: list[Path] = []
    for approval in checked:
        found += approval.diagnostics
        if approval.files:
            plans.append(approval)
        elif not approval.diagnostics:
            empty.append(approval.folder)
    return Approved(plans=tuple(plans), empty=tuple(empty), diagnostics=tuple(found))


def plan_folders(paths: list[Path]) -> tuple[list[Path], list[Diagnostic]]:
    """Find the plan folders of the paths.

    A path is a plan folder, a spec, the folder of a spec, or a folder of specs.
    """
    folders: list[Path] = []
    found: list[Diagnostic] = []
    for path in paths:
        if path.name == PLAN_FOLDER and not (path / SPEC_FILE).exists():
            folders.append(path)
            continue
        if path.is_file() and path.name != SPEC_FILE:
            found += refused("this is neither a plan folder nor a spec", path).diagnostics
            continue
        specs, problems = find_specs([path])
        found += problems
        folders += [spec.plan_folder for spec in specs]
    return sorted(dict.fromkeys(folders)), found


def approvals(folders: Sequence[Path], digest: str | None) -> Iterator[Approval]:
    """Compare each folder, in order, with what its spec compiles to, and with `digest`.

    CLU608 if they differ. Uses several processes if that is faster.
    """
    yield from each(partial(_approval, digest=digest, cache=open_cache()), folders, None)


def _approval(folder: Path, *, digest: str | None, cache: Cache | None) -> Approval:
    specs, problems = find_specs([folder.parent / SPEC_FILE])
    if folder.name != PLAN_FOLDER or problems:
        found = refused("this is not a plan folder next to a spec", folder).diagnostics
        return Approval(folder=folder, diagnostics=found)
    built = compiled(specs[0], cache=cache, may_recover=False)
    if has_errors(built.diagnostics) or built.entry is None:
        return Approval(folder=folder, diagnostics=built.diagnostics)
    files = folder_files(folder, built.entry.plan) if built.bundle is None else None
    if files is None:
        changed = changes(built.bundle, folder) if built.bundle is not None else ()
        return Approval(folder=folder, diagnostics=(outdated(folder, [each.name for each in changed]),))
    read = rendered_cluster_plan(folder, files)
    if read.value is None:
        return Approval(folder=folder, diagnostics=read.diagnostics)
    refusals = tuple(_refusals(read.value, digest))
    return Approval(folder=folder, files="" if refusals else built.entry.plan, diagnostics=refusals)


def approved_alone(folder: Path, files_digest: str) -> Approval:
    """Approve a plan folder without its spec, such as a driver's; CLU608 if a file differs."""
    files = folder_files(folder, files_digest)
    if files is None:
        hint = "render the driver again from the merged plan: `trainspec driver`"
        found = problem("CLU608", "the files differ from the approved ones", str(folder), hint=hint)
        return Approval(folder=folder, diagnostics=(found,))
    read = rendered_cluster_plan(folder, files)
    return Approval(folder=folder, files=files_digest if read.value else "", diagnostics=read.diagnostics)


def approved_plan(approval: Approval) -> ClusterPlan | None:
    """Read the plan of an approved folder; None if the folder has changed since."""
    files = folder_files(approval.folder, approval.files)
    return rendered_cluster_plan(approval.folder, files).value if files is not None else None


def read_plan(folder: Path, cache: Cache | None) -> Outcome[ClusterPlan | None]:
    """Read the plan of a folder without comparing it with its spec.

    This is faster if the cache knows its files.
    """
    path = folder.parent / SPEC_FILE
    known = cache.find(SpecPath(path=path, shown=path.as_posix())) if cache else None
    files = folder_files(folder, known.plan) if known is not None else None
    return read_cluster_plan(folder) if files is None else rendered_cluster_plan(folder, files)


def no_jobs_text(folder: Path) -> str:
    """Return the message for a plan without Jobs."""
    return f"{folder}: this plan has no Jobs; see {folder / 'PLAN.md'} for what to do first"


def runnable_plan(folder: Path) -> Outcome[ClusterPlan | None]:
    """Read the plan of a folder; CLU616 if it has no Jobs."""
    read = read_cluster_plan(folder)
    if read.value is not None or read.diagnostics:
        return read
    hint = f"see {folder / 'PLAN.md'} for what to do first"
    return Outcome(value=None, diagnostics=(problem("CLU616", "this plan has no Jobs", str(folder), hint=hint),))


def outdated(folder: Path, changed: Sequence[str] = ()) -> Diagnostic:
    """Return CLU608 for a plan folder that differs from its spec.

    `changed` names the files that differ, if these are known.
    """
    hint = f"run `trainspec compile {folder.parent}`, have the change reviewed, and apply the merged plan"
    if not folder.is_dir():
        return problem("CLU608", "the spec has no plan", str(folder), hint=hint)
    more = f" and {len(changed) - _MOST_NAMED} more" if len(changed) > _MOST_NAMED else ""
    named = ", ".join(f"`{name}`" for name in changed[:_MOST_NAMED]) + more
    message = "the plan differs from what its spec compiles to" + (f": {named}" if changed else "")
    return problem("CLU608", message, str(folder), hint=hint)


def _refusals(plan: ClusterPlan, digest: str | None) -> Iterator[Diagnostic]:
    if digest is not None and plan.digest != digest:  # an empty digest comes from a script that found none
        message = f"the plan's digest is `{plan.digest}`, but `{digest}` was approved"
        hint = "have this plan reviewed, and use the digest in its `PLAN.md`"
        yield problem("CLU608", message, plan.shown, hint=hint)
