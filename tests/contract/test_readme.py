"""The decisions that the README shows are what `trainspec explain` says of the shipped specs."""

import re
from pathlib import Path

from compiler.explain import plan as explain
from compiler.pipeline.phases import make_plan
from compiler.spec.discover import discover

ROOT = Path(__file__).parent.parent.parent
SHOWN = re.compile(r"(?<=^```\n)(?P<name>[a-z0-9-]+): [^\n]*\n├─ goal.*?(?=^```$)", re.MULTILINE | re.DOTALL)
COUNT = 3


def decision(name: str) -> str:
    """What is explained of a shipped spec, without the rules that did not fire."""
    (spec,), _ = discover([ROOT / "specs" / name])
    plan = make_plan(spec.path, spec.shown).value
    assert plan is not None
    return explain.plan(plan).split("└─ asked")[0]


def test_the_readme_shows_decisions_as_they_are(update_golden: bool) -> None:
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    assert len(SHOWN.findall(text)) == COUNT
    now = SHOWN.sub(lambda found: decision(found["name"]), text)
    if update_golden:
        path.write_text(now, encoding="utf-8")
    assert now == text or update_golden, "run `make golden`, and read what has changed"
