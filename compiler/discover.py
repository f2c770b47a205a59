"""Finding specs: a file, a spec's folder, or a folder of many."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SPEC_FILE = "spec.yaml"
PLAN_FOLDER = "plan"


@dataclass(frozen=True, kw_only=True, slots=True)
class SpecPath:
    """Where a spec lies, how it is shown, and its plan folder."""

    path: Path
    shown: str

    @property
    def plan_folder(self) -> Path:
        """The folder that the spec compiles to."""
        return self.path.parent / PLAN_FOLDER

    @property
    def shown_plan(self) -> str:
        """The plan folder as people are shown it."""
        return str(Path(self.shown).parent / PLAN_FOLDER)


def discover(paths: list[Path]) -> tuple[list[SpecPath], list[Path]]:
    """The specs under the paths, sorted, each once; and the paths under which there is none."""
    found: dict[str, SpecPath] = {}
    empty = []
    for given in paths:
        files = [given] if _is(given.is_file) else list(_specs_under(given)) if _is(given.is_dir) else []
        if not files:
            empty.append(given)
        for file in files:
            found.setdefault(os.path.realpath(file), SpecPath(path=file, shown=file.as_posix()))
    return sorted(found.values(), key=lambda spec: spec.shown), empty


def _is(asked: Callable[[], bool]) -> bool:
    try:
        return asked()
    except OSError:  # a name too long
        return False


def _specs_under(folder: Path) -> Iterator[Path]:
    """Every spec file below a folder; links to folders are not followed, and plan folders hold none."""
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != PLAN_FOLDER]
        if SPEC_FILE in names:
            yield Path(root, SPEC_FILE)
