"""Only what was reviewed is applied: the plan folder is what its spec compiles to, and has the approved digest."""

from collections.abc import Iterator
from pathlib import Path

from compiler.batch import find_specs
from compiler.build import compiled
from compiler.cache import open_cache
from compiler.cluster.cluster_plan import ClusterPlan, read_cluster_plan
from compiler.cluster.problems import problem
from compiler.diagnostics import Diagnostic, Outcome, has_errors
from compiler.discover import PLAN_FOLDER, SPEC_FILE
from compiler.local.run import beyond_runtime
from compiler.runtime_support import lacking


def plan_folders(paths: list[Path]) -> tuple[list[Path], list[Diagnostic]]:
    """The plan folders that the paths name: a plan folder itself, a spec's folder, or a folder of many specs."""
    folders: list[Path] = []
    found: list[Diagnostic] = []
    for path in paths:
        if path.name == PLAN_FOLDER and not (path / SPEC_FILE).exists():
            folders.append(path)
            continue
        specs, problems = find_specs([path])
        found += problems
        folders += [spec.path.parent / PLAN_FOLDER for spec in specs]
    return sorted(dict.fromkeys(folders)), found


def approved(folder: Path, digest: str | None) -> Outcome[ClusterPlan | None]:
    """The plan of a folder if it is what its spec compiles to now; CLU608 where it is not the one that was approved."""
    specs, problems = find_specs([folder.parent / SPEC_FILE])
    if problems:
        return Outcome(value=None, diagnostics=tuple(problems))
    built = compiled(specs[0], cache=open_cache(), may_mend=False)
    if has_errors(built.diagnostics) or built.entry is None:
        return Outcome(value=None, diagnostics=built.diagnostics)
    if built.bundle is not None:
        hint = f"run `trainspec compile {folder.parent}`, have the change reviewed, and apply what was merged"
        found = problem("CLU608", "the plan is not what its spec compiles to", str(folder), hint=hint)
        return Outcome(value=None, diagnostics=(found,))
    read = read_cluster_plan(folder)
    if read.value is None:
        return read
    refused = tuple(_refused(read.value, digest))
    return Outcome(value=None if refused else read.value, diagnostics=refused)


def _refused(plan: ClusterPlan, digest: str | None) -> Iterator[Diagnostic]:
    lack = (stage for stage in plan.pending if lacking(stage.config))
    yield from (beyond_runtime(stage.stage, stage.config, plan.folder) for stage in lack)
    if digest and plan.digest != digest:
        message = f"the plan's digest is `{plan.digest}`, and `{digest}` was approved"
        hint = "have this plan reviewed, and give the digest that its `PLAN.md` shows"
        yield problem("CLU608", message, plan.shown, hint=hint)
