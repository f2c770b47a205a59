"""`trainspec check` and `trainspec compile`: many specs, an answer for each, in the order of their paths.

Nothing of a spec is held longer than it takes to tell, so memory does not grow with the number of specs.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.cli.progress import shown
from compiler.cli.report import report
from compiler.diagnostics import Diagnostic, Location, Severity, diagnostic
from compiler.diagnostics.formats import STREAMED
from compiler.diagnostics.wording import counted
from compiler.pipeline.cache import open_cache
from compiler.pipeline.cached import Built, checked, compiled
from compiler.pipeline.processes import each
from compiler.render.plan_folder import Change, changes, locked, sweep, write
from compiler.spec.discover import SpecPath, find_specs


def check_specs(paths: list[Path], style: str, *, jobs: int | None = None, use_cache: bool = True) -> ExitCode:
    """Check the specs under the paths: everything up to the plan."""
    specs, empty = find_specs(paths)
    cache = open_cache() if use_cache else None
    told = _Told(style)
    told.tell(empty)
    names: dict[str, str] = {}
    for built in shown(each(partial(checked, cache=cache), specs, jobs), len(specs), "checking"):
        told.tell((*built.diagnostics, *_collides(built, names)))
    told.finish()
    if cache is not None:
        cache.prune()
    print(f"{counted(len(specs), 'spec')} checked, {told.summary}")
    return ExitCode.ERRORS if told.errors else ExitCode.OK


def compile_specs(
    paths: list[Path], style: str, *, check_only: bool, jobs: int | None = None, use_cache: bool = True
) -> ExitCode:
    """Compile the specs under the paths, and write each plan folder that changed (or only say that it would)."""
    specs, empty = find_specs(paths)
    cache = open_cache() if use_cache else None
    told = _Told(style)
    told.tell(empty)
    differing = 0
    names: dict[str, str] = {}
    compile_one = partial(compiled, cache=cache, clean_up=not check_only)
    for built in shown(each(compile_one, specs, jobs), len(specs), "compiling"):
        collisions = _collides(built, names)
        told.tell((*built.diagnostics, *collisions))
        if built.entry is not None and not collisions:
            count, found = _deliver(built, check_only=check_only)
            differing += count
            told.tell(found)
    told.finish()
    if cache is not None:
        cache.prune()
    if told.errors > (differing if check_only else 0):
        return ExitCode.ERRORS
    return ExitCode.DIFFERENCES if differing and check_only else ExitCode.OK


class _Told:
    """Tells diagnostics spec by spec, those of one spec by place, and counts them.

    The formats that are one document for programs are written at the end; nothing else is held, but for what is told
    of files that many specs share, which is told once.
    """

    def __init__(self, style: str) -> None:
        self.errors = 0
        self.warnings = 0
        self._style = style
        self._held: list[Diagnostic] | None = None if style in STREAMED else []
        self._shared: set[Diagnostic] = set()

    def tell(self, found: Iterable[Diagnostic]) -> None:
        """Tell what was found of one spec."""
        new = sorted(set(found) - self._shared, key=lambda each: each.sort_key)
        self._shared |= {each for each in new if "clusters" in Path(each.location.path).parts}
        errors = sum(each.severity is Severity.ERROR for each in new)
        self.errors += errors
        self.warnings += len(new) - errors
        if self._held is not None:
            self._held += new
        elif new:
            report(new, self._style)

    def finish(self) -> None:
        """Tell what was held back."""
        if self._held is not None:
            report(sorted(self._held, key=lambda each: each.sort_key), self._style)

    @property
    def summary(self) -> str:
        """How many errors and warnings there were."""
        return f"{counted(self.errors, 'error')}, {counted(self.warnings, 'warning')}"


def _collides(built: Built, names: dict[str, str]) -> list[Diagnostic]:
    """Whether another spec of this call has the same name, and so the same objects; the name joins the earlier ones."""
    if built.entry is None:
        return []
    name = built.entry.name
    earlier = names.setdefault(name, built.spec.shown)
    if earlier == built.spec.shown:
        return []
    message = f"name `{name}` is already that of `{earlier}`"
    hint = "rename one of the two: objects are named after it"
    return [diagnostic("CHK206", message, built.entry.named_at, hint=hint)]


def _deliver(built: Built, *, check_only: bool) -> tuple[int, list[Diagnostic]]:
    """Write or compare one plan, and say what came of it: how many files differ, and what there is to tell."""
    spec = built.spec
    found: list[Diagnostic] = []
    differing: tuple[Change, ...] = ()
    if built.bundle is not None and check_only:
        differing = changes(built.bundle, spec.plan_folder)
        found += [_differs(change, spec) for change in differing]
    elif built.bundle is not None:
        with locked(spec.plan_folder):
            sweep(spec.plan_folder)
            differing = changes(built.bundle, spec.plan_folder)
            problem = write(built.bundle, spec.plan_folder, spec.shown_plan) if differing else None
        if problem:
            return 0, [problem]
    removed = [change.name for change in differing if change.action == "delete"]
    gone = f", removed {', '.join(removed)}" if removed else ""
    written = f"{counted(len(differing) - len(removed), 'file')} written{gone}"
    state = "unchanged" if not differing else "differs" if check_only else written
    print(f"{spec.shown_plan}: {state}; {built.entry.verdict if built.entry else ''}")
    return len(differing), found


def _differs(change: Change, spec: SpecPath) -> Diagnostic:
    what = {"create": "is missing", "update": "differs from the spec", "delete": "is not part of the plan"}
    where = Location(path=f"{spec.shown_plan}/{change.name}")
    hint = f"run `trainspec compile {spec.shown}` and commit the result"
    return diagnostic("RND502", f"`{change.name}` {what[change.action]}", where, hint=hint)
