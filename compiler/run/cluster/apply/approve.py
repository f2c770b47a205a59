"""Only what was reviewed is applied: the plan folder is what its spec compiles to, and has the approved digest."""

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
from compiler.run.manifests import beyond_runtime, refused
from compiler.spec.discover import PLAN_FOLDER, SPEC_FILE, SpecPath, find_specs
from compiler.spec.methods.supported import lacking

_MOST_NAMED = 3  # files that a message names


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """What became of a plan folder: `files` is the digest of its files if they are what was approved and hold Jobs.

    It is small, so that thousands can be held before the first plan is applied.
    """

    folder: Path
    files: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Approved:
    """The approvals of many plan folders; `empty` are those of plans without Jobs."""

    plans: tuple[Approval, ...] = ()
    empty: tuple[Path, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def approve(paths: list[Path], *, digest: str | None, files_digest: str | None) -> Approved:
    """Check the plan folders under the paths: against their specs and the plan's digest, or with `files_digest` against
    that alone. CLU608 where a folder is not what was approved.
    """
    folders, found = plan_folders(paths)
    if (digest is not None or files_digest) and len(folders) > 1:
        message = f"a digest approves one plan, and {len(folders)} are given"
        found.append(problem("CLU608", message, str(paths[0]), hint="apply each plan with the digest of its own"))
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
    """The plan folders that the paths name: a plan folder itself, a spec's folder, or a folder of many specs."""
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
    """For each folder, in order, whether its plan is what its spec compiles to now, and has the digest that was
    approved where one is named; CLU608 where not. In as many processes as are worth it.
    """
    yield from each(partial(_approval, digest=digest, cache=open_cache()), folders, None)


def _approval(folder: Path, *, digest: str | None, cache: Cache | None) -> Approval:
    specs, problems = find_specs([folder.parent / SPEC_FILE])
    if folder.name != PLAN_FOLDER or problems:
        found = refused("this is no plan folder beside a spec", folder).diagnostics
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
    lacks = tuple(_refusals(read.value, digest))
    return Approval(folder=folder, files="" if lacks else built.entry.plan, diagnostics=lacks)


def approved_alone(folder: Path, files_digest: str) -> Approval:
    """A plan folder that came without its spec, as a driver's does; CLU608 where a file of it is another one."""
    files = folder_files(folder, files_digest)
    if files is None:
        hint = "render the driver again from the plan that was merged: `trainspec driver`"
        found = problem("CLU608", "the files are not those that were approved", str(folder), hint=hint)
        return Approval(folder=folder, diagnostics=(found,))
    read = rendered_cluster_plan(folder, files)
    return Approval(folder=folder, files=files_digest if read.value else "", diagnostics=read.diagnostics)


def approved_plan(approval: Approval) -> ClusterPlan | None:
    """The plan of an approved folder; None if it has become another one since."""
    files = folder_files(approval.folder, approval.files)
    return rendered_cluster_plan(approval.folder, files).value if files is not None else None


def read_plan(folder: Path, cache: Cache | None) -> Outcome[ClusterPlan | None]:
    """The plan of a folder as it is, whatever its spec compiles to: the quick way where the cache knows its files."""
    path = folder.parent / SPEC_FILE
    known = cache.find(SpecPath(path=path, shown=path.as_posix())) if cache else None
    files = folder_files(folder, known.plan) if known is not None else None
    return read_cluster_plan(folder) if files is None else rendered_cluster_plan(folder, files)


def without_jobs(folder: Path) -> str:
    """What to say of a plan that renders no Job."""
    return f"{folder}: this plan has no Jobs; see {folder / 'PLAN.md'} for what to do first"


def runnable_plan(folder: Path) -> Outcome[ClusterPlan | None]:
    """The plan of a folder; CLU616 where it renders no Job."""
    read = read_cluster_plan(folder)
    if read.value is not None or read.diagnostics:
        return read
    hint = f"see {folder / 'PLAN.md'} for what to do first"
    return Outcome(value=None, diagnostics=(problem("CLU616", "this plan has no Jobs", str(folder), hint=hint),))


def outdated(folder: Path, changed: Sequence[str] = ()) -> Diagnostic:
    """CLU608 for a plan folder that its spec no longer compiles to; `changed` are the files that are others."""
    hint = f"run `trainspec compile {folder.parent}`, have the change reviewed, and apply what was merged"
    if not folder.is_dir():
        return problem("CLU608", "the spec has no plan", str(folder), hint=hint)
    more = f" and {len(changed) - _MOST_NAMED} more" if len(changed) > _MOST_NAMED else ""
    named = ", ".join(f"`{name}`" for name in changed[:_MOST_NAMED]) + more
    message = "the plan is not what its spec compiles to" + (f": another {named}" if changed else "")
    return problem("CLU608", message, str(folder), hint=hint)


def _refusals(plan: ClusterPlan, digest: str | None) -> Iterator[Diagnostic]:
    lack = (stage for stage in plan.pending if lacking(stage.config))
    yield from (beyond_runtime(stage.stage, stage.config, plan.folder) for stage in lack)
    if digest is not None and plan.digest != digest:  # an empty one too: of a script that found none
        message = f"the plan's digest is `{plan.digest}`, and `{digest}` was approved"
        hint = "have this plan reviewed, and give the digest that its `PLAN.md` shows"
        yield problem("CLU608", message, plan.shown, hint=hint)
