"""Finding specs: a file, a spec's folder, or a folder of many."""

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
    found: dict[Path, SpecPath] = {}
    empty = []
    for given in paths:
        try:
            files = [given] if given.is_file() else sorted(given.rglob(SPEC_FILE)) if given.is_dir() else []
        except OSError:  # a name too long, a folder that may not be read
            files = []
        files = [file for file in files if PLAN_FOLDER not in file.relative_to(given).parts[:-1]]
        if not files:
            empty.append(given)
        for file in files:
            found.setdefault(file.resolve(), SpecPath(path=file, shown=file.as_posix()))
    return sorted(found.values(), key=lambda spec: spec.shown), empty
