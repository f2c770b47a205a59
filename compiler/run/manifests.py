"""Read the Kubernetes objects of a plan folder back, because the rendered files are the contract.

The folder comes from Git and is untrusted: only files directly in the folder are read, by the safe YAML reader.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from compiler.diagnostics import Diagnostic, Location, Outcome, diagnostic
from compiler.spec.workloads import OUTPUTS
from compiler.spec.yaml.load import compose, load
from runtime.contract.methods import METHODS

KUSTOMIZATION = "kustomization.yaml"
_OF_STAGES = ("*.config.yaml", *(f"*.{part}.yaml" for each in OUTPUTS.values() for part in each.templates))
_LONG_NUMBER = re.compile("[0-9]{19}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """One object of a plan folder. `applied` is false for objects of finished stages, kept for reference."""

    file: str
    data: Mapping[str, Any]
    applied: bool

    @property
    def kind(self) -> str:
        """The kind of the object."""
        return str(self.data.get("kind", ""))

    @property
    def name(self) -> str:
        """The name of the object."""
        return str(self.data["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """The namespace, which comes from the profile."""
        return str(self.data["metadata"]["namespace"])

    @property
    def notes(self) -> Mapping[str, str]:
        """The annotations of the object."""
        notes: Mapping[str, str] = self.data["metadata"].get("annotations") or {}
        return notes


def read_manifests(folder: Path) -> Outcome[tuple[Manifest, ...]]:
    """Return the objects of a plan folder in the order of their files; empty if the plan renders none."""
    if not (folder / "PLAN.md").is_file():
        return refused(f"`{folder}` is not a plan folder: it has no `PLAN.md`", folder)
    if not (folder / KUSTOMIZATION).is_file():
        return Outcome(value=())
    found: list[Diagnostic] = []
    applied = [str(name) for name in _read(folder / KUSTOMIZATION, found).get("resources") or []]
    for name in applied:
        if Path(name).name != name:
            hint = "compile the spec again"
            message = f"resource `{name}` is not a file of the plan folder"
            found.append(diagnostic("RUN791", message, Location(path=str(folder)), hint=hint))
    if found:
        return Outcome(value=None, diagnostics=tuple(found))
    finished = {path.name for pattern in _OF_STAGES for path in folder.glob(pattern)} - set(applied)
    objects = tuple(
        Manifest(file=name, data=_read(folder / name, found), applied=name in applied)
        for name in (*applied, *sorted(finished))
    )
    return Outcome(value=None if found else objects, diagnostics=tuple(found))


def rendered_manifests(files: Mapping[str, bytes]) -> tuple[Manifest, ...]:
    """Return the same as `read_manifests`, from files that are known to be exactly as rendered."""
    if KUSTOMIZATION not in files:
        return ()
    applied = [str(name) for name in rendered_data(files[KUSTOMIZATION].decode())["resources"]]
    of_stages = {name for name in files if any(fnmatchcase(name, pattern) for pattern in _OF_STAGES)}
    return tuple(
        Manifest(file=name, data=rendered_data(files[name].decode()), applied=name in applied)
        for name in (*applied, *sorted(of_stages - set(applied)))
    )


def rendered_data(text: str) -> dict[str, Any]:
    """Parse a rendered text with the reader that verified it when it was rendered.

    That reader is several times faster than the safe one, but has no limits, so use it for rendered text only. It does
    not keep integers of any size: a text with a number of 19 or more digits goes through the safe reader.
    """
    if not _LONG_NUMBER.search(text):
        from yaml12 import parse_yaml

        data: Any = parse_yaml(text)
    else:
        outcome = compose(text, "rendered")
        data = outcome.value.data if outcome.value is not None else None
    return data if isinstance(data, dict) else {}


def refused(message: str, folder: Path) -> Outcome[Any]:
    """Return RUN791: the folder is not a compiled plan."""
    hint = "compile the spec again, and use its `plan` folder"
    found = diagnostic("RUN791", message, Location(path=str(folder)), hint=hint)
    return Outcome(value=None, diagnostics=(found,))


def _read(path: Path, found: list[Diagnostic]) -> dict[str, Any]:
    outcome = load(path, str(path))
    found.extend(outcome.diagnostics)
    data = outcome.value.data if outcome.value is not None else None
    return data if isinstance(data, dict) else {}


def default_models() -> Path:
    """Return the folder of base models on this machine."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trainspec" / "models"


def lacking(config: Mapping[str, Any]) -> str:
    """Return a phrase for the part of a stage config that the runtime does not support, or an empty string."""
    method = config["method"]
    if method not in METHODS:
        return f"`{method}`"
    shapes = sorted({block["shape"] for block in config["data"]} - set(METHODS[method].shapes))
    if shapes:
        return f"`{method}` on rows of shape {' and '.join(f'`{shape}`' for shape in shapes)}"
    return ""


def beyond_runtime(stage: str, config: Mapping[str, Any], plan: Path) -> Diagnostic:
    """Return RUN796: the plan has a stage that the runtime of this version does not support."""
    have = ", ".join(f"`{name}`" for name in METHODS)
    return diagnostic(
        "RUN796",
        f"stage `{stage}` needs {lacking(config)}, which this version does not run; no stage was started",
        Location(path=str(plan)),
        hint=f"keep the plan for review, or run it with a version that has the method (this version has {have})",
    )
