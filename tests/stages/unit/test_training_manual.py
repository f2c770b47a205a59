"""`docs/training.md` names every event that the runtime emits, and every variable that it reads."""

import re
from pathlib import Path

from runtime.__main__ import USAGE
from runtime.contract.volumes import VARIABLES

REPOSITORY = Path(__file__).resolve().parents[3]
MANUAL = (REPOSITORY / "docs" / "training.md").read_text(encoding="utf-8")


def sources() -> str:
    """The code of stages; the recorder of applications has a manual of its own."""
    paths = [path for path in (REPOSITORY / "runtime").rglob("*.py") if "trace" not in path.parts]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def test_the_table_of_events_is_what_is_emitted() -> None:
    emitted = set(re.findall(r"\.emit\(\s*\"(\w+)\"", sources()))
    table = MANUAL.split("## Events")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == emitted


def test_variables_are_in_the_manual_and_in_the_usage() -> None:
    read = set(re.findall(r"\"(TRAINSPEC_[A-Z_]+)\"", sources())) - {"TRAINSPEC_LAUNCHER"}  # between its processes
    assert read >= set(VARIABLES)
    assert all(f"| `{name}` |" in MANUAL for name in read)
    assert all(name in USAGE for name in VARIABLES)
