"""Models of a hub: how a spec names them, and the folder of the models volume that they have."""

import re
from dataclasses import dataclass

COMMIT = r"^[0-9a-f]{40}$"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_PART = re.compile(r"[A-Za-z0-9_]([-A-Za-z0-9._]{0,94}[A-Za-z0-9_])?", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class HubModel:
    """A commit of a hub's model: its name, as `owner/name`, and the 40 digits of the commit."""

    name: str
    commit: str

    @property
    def path(self) -> str:
        """The model's folder under the models volume, which is also its name in reports."""
        return f"{self.name}/{self.commit}"


def is_commit(revision: str) -> bool:
    """Return whether a revision is a whole commit; a branch, a tag or a short commit is not."""
    return _COMMIT.fullmatch(revision) is not None


def name_fault(name: str) -> str:
    """Return why no hub can have a model `owner/name` of this name; empty if one can."""
    parts = name.split("/")
    if len(parts) != 2:
        return "is not `owner/name`"
    if any(_PART.fullmatch(part) is None for part in parts):
        return "has a part that begins or ends with `-` or `.`, or is longer than 96 characters"
    if ".." in name or "--" in name or name.endswith(".git"):
        return "has `..` or `--`, or ends with `.git`"
    return ""


def hub_model(path: str) -> HubModel | None:
    """Return the hub's model whose folder is `path`; None for a folder that a team named itself."""
    name, _, commit = path.rpartition("/")
    return HubModel(name=name, commit=commit) if is_commit(commit) and not name_fault(name) else None


def reference_of(path: str) -> str:
    """Return how the fetch command names the model whose folder is `path`: `owner/name@commit`, or the path."""
    model = hub_model(path)
    return path if model is None else f"{model.name}@{model.commit}"
