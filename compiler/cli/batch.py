"""`trainspec check` and `trainspec compile`: many specs, reported one by one in the order of their paths.

Results of a spec are dropped as soon as they are reported, so memory does not grow with the number of specs.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.cli.progress import with_bar
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
    """Check the specs under the paths, up to and including the plan."""
    specs, empty = find_specs(paths)
    cache = open_cache() if use_cache else None
    reporter = BatchReporter(style)
    reporter.report(empty)
    names: dict[str, str] = {}
    for built in with_bar(each(partial(checked, cache=cache), specs, jobs), len(specs), "checking"):
        reporter.report((*built.diagnostics, *_collisions(built, names)))
    reporter.finish()
    if cache is not None:
        cache.prune()
    print(f"{counted(len(specs), 'spec')} checked, {reporter.summary}")
    return ExitCode.ERRORS if reporter.errors else ExitCode.OK


def compile_specs(
    paths: list[Path], style: str, *, check_only: bool, jobs: int | None = None, use_cache: bool = True
) -> ExitCode:
    """Compile the specs under the paths, and write each plan folder that changed, or report it with `check_only`."""
    specs, empty = find_specs(paths)
    cache = open_cache() if use_cache else None
    reporter = BatchReporter(style)
    reporter.report(empty)
    differing = 0
    names: dict[str, str] = {}
    compile_one = partial(compiled, cache=cache, may_recover=not check_only)
    for built in with_bar(each(compile_one, specs, jobs), len(specs), "compiling"):
        collisions = _collisions(built, names)
        reporter.report((*built.diagnostics, *collisions))
        if built.entry is not None and not collisions:
            count, found = _deliver(built, check_only=check_only)
            differing += count
            reporter.report(found)
    reporter.finish()
    if cache is not None:
        cache.prune()
    if reporter.errors > (differing if check_only else 0):
        return ExitCode.ERRORS
    return ExitCode.DIFFERENCES if differing and check_only else ExitCode.OK


class BatchReporter:
    """Reports diagnostics spec by spec, sorted by location within a spec, and counts them.

    Formats that are one document for programs are written at the end; no other format is held back. A diagnostic of a
    file that many specs share is reported once.
    """

    def __init__(self, style: str) -> None:
        self.errors = 0
        self.warnings = 0
        self._style = style
        self._held: list[Diagnostic] | None = None if style in STREAMED else []
        self._shared: set[Diagnostic] = set()

    def report(self, found: Iterable[Diagnostic]) -> None:
        """Report the diagnostics of one spec."""
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
        """Write the diagnostics that were held back."""
        if self._held is not None:
            report(sorted(self._held, key=lambda each: each.sort_key), self._style)

    @property
    def summary(self) -> str:
        """The number of errors and warnings, as text."""
        return f"{counted(self.errors, 'error')}, {counted(self.warnings, 'warning')}"


def _collisions(built: Built, names: dict[str, str]) -> list[Diagnostic]:
    """Report another spec of this call with the same name, and so the same objects; add the name to `names`."""
    if built.entry is None:
        return []
    name = built.entry.name
    earlier = names.setdefault(name, built.spec.shown)
    if earlier == built.spec.shown:
        return []
    message = f"name `{name}` is already used by `{earlier}`"
    hint = "rename one of the two: objects are named after it"
    return [diagnostic("CHK206", message, built.entry.named_at, hint=hint)]


def _deliver(built: Built, *, check_only: bool) -> tuple[int, list[Diagnostic]]:
    """Write or compare one plan, and print its state; return the number of files that differ, and diagnostics."""
    spec = built.spec
    found: list[Diagnostic] = []
    differing: tuple[Change, ...] = ()
    if built.bundle is not None and check_only:
        differing = changes(built.bundle, spec.plan_folder)
        found += [_difference(change, spec) for change in differing]
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


def _difference(change: Change, spec: SpecPath) -> Diagnostic:
    what = {"create": "is missing", "update": "differs from the spec", "delete": "does not belong to the plan"}
    where = Location(path=f"{spec.shown_plan}/{change.name}")
    hint = f"run `trainspec compile {spec.shown}` and commit the result"
    return diagnostic("RND502", f"`{change.name}` {what[change.action]}", where, hint=hint)
