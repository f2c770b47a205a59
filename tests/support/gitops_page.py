"""The manifests that `docs/gitops.md` shows, as files for the tests."""

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gitops.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\S+\.yaml)")


def blocks() -> list[str]:
    """Every YAML block of the page."""
    return _BLOCK.findall(PAGE)


def files() -> dict[str, str]:
    """The blocks that begin with the name of their file."""
    return {found[1]: text for text in blocks() if (found := _FILE.match(text))}


def lay_down(folder: Path, plan: Path = ROOT / "specs" / "nl2sql" / "plan") -> list[Path]:
    """Write the overlays of the page next to a plan, which replaces the one that they name; return their folders."""
    shutil.copytree(plan, folder / "specs" / "nl2sql" / "plan")
    made = []
    for name, text in files().items():
        if name.endswith("/kustomization.yaml"):
            path = folder / name
            path.parent.mkdir(parents=True)
            path.write_text(text, encoding="utf-8")
            made.append(path.parent)
    return made
