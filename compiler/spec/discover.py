"""Find specs by path: a file, a spec's folder, or a folder of many specs."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from compiler.diagnostics import Diagnostic, Location, diagnostic

SPEC_FILE = "spec.yaml"
PLAN_FOLDER = "plan"


@dataclass(frozen=True, kw_only=True, slots=True)
class SpecPath:
    """Path of a spec, its path as shown to people, and its plan folder."""

    path: Path
    shown: str

    @property
    def plan_folder(self) -> Path:
        """Folder that the spec compiles to."""
        return self.path.parent / PLAN_FOLDER

    @property
    def shown_plan(self) -> str:
        """Plan folder as shown to people."""
        return str(Path(self.shown).parent / PLAN_FOLDER)


def plan_folder(path: Path) -> Path:
    """Return the plan folder of a spec or a spec's folder; another path is a plan folder itself."""
    if path.name == SPEC_FILE:
        return path.parent / PLAN_FOLDER
    return path / PLAN_FOLDER if _is((path / SPEC_FILE).is_file) else path


def discover(paths: list[Path]) -> tuple[list[SpecPath], list[Path]]:
    """Return the specs under the paths, sorted, each once; and paths without specs or permission."""
    found: dict[str, SpecPath] = {}
    empty: list[Path] = []
    for given in paths:
        closed: list[OSError] = []
        files = [given] if _is(given.is_file) else list(_specs_under(given, closed)) if _is(given.is_dir) else []
        empty += [Path(str(error.filename)) for error in closed]
        if not files and not closed:
            empty.append(given)
        for file in files:
            found.setdefault(os.path.realpath(file), SpecPath(path=file, shown=file.as_posix()))
    return sorted(found.values(), key=lambda spec: spec.shown), empty


def _is(predicate: Callable[[], bool]) -> bool:
    try:
        return predicate()
    except OSError:  # the name is too long
        return False


def _specs_under(folder: Path, closed: list[OSError]) -> Iterator[Path]:
    """Yield every spec file below a folder, except in plan folders and behind links to folders.

    Unreadable folders are added to `closed`: a spec in them must not be skipped silently.
    """
    for root, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = [name for name in folders if name != PLAN_FOLDER]
        if SPEC_FILE in names:
            yield Path(root, SPEC_FILE)


def find_specs(paths: list[Path]) -> tuple[list[SpecPath], list[Diagnostic]]:
    """Return the specs under the paths, and a diagnostic for each path without one."""
    specs, empty = discover(paths)
    return specs, [_no_spec(path) for path in empty]


def _no_spec(path: Path) -> Diagnostic:
    closed = _is(path.is_dir) and not os.access(path, os.R_OK | os.X_OK)
    message = "cannot read the folder: permission denied" if closed else "the path has no spec"
    hint = "fix its permissions" if closed else "name a spec file, or a folder with `spec.yaml` files"
    return diagnostic("YML001", message, Location(path=str(path)), hint=hint)
