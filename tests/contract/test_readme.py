"""The README and docs/examples.md show decisions exactly as `trainspec explain` prints them for the shipped specs."""

import re
from pathlib import Path

import pytest

from compiler.explain import plan as explain
from compiler.pipeline.phases import make_plan
from compiler.spec.discover import discover

ROOT = Path(__file__).parent.parent.parent
SHOWN = re.compile(r"(?<=^```\n)(?P<name>[a-z0-9-]+): [^\n]*\n├─ goal.*?(?=^```$)", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)")
PAGES = {"README.md": 1, "docs/examples.md": 3}  # decisions on each page
LEFT_OUT = {"README.md": ("also", "alternatives"), "docs/examples.md": ()}  # branches that a page leaves out


def decision(name: str, left_out: tuple[str, ...]) -> str:
    """Return the explanation of a shipped spec, without some branches and without the rules that did not fire."""
    (spec,), _ = discover([ROOT / "specs" / name])
    plan = make_plan(spec.path, spec.shown).value
    assert plan is not None
    text = explain.plan(plan).split("└─ did not fire")[0]
    for branch in left_out:
        text = re.sub(rf"^├─ {branch}\n(?:│.*\n)*", "", text, flags=re.MULTILINE)
    return text


@pytest.mark.parametrize("page", PAGES)
def test_pages_show_decisions_as_they_are(page: str, update_golden: bool) -> None:
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    assert len(SHOWN.findall(text)) == PAGES[page]
    now = SHOWN.sub(lambda found: decision(found["name"], LEFT_OUT[page]), text)
    if update_golden:
        path.write_text(now, encoding="utf-8")
    assert now == text or update_golden, "run `make golden` and review the difference"


def test_the_readme_stays_short() -> None:
    text = (ROOT / "README.md").read_bytes()
    assert len(text.splitlines()) <= 200
    assert len(text) <= 14 * 1024


def test_links_between_hand_written_pages_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "specs" / "README.md"]
    for page in pages:
        for target, heading in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
            path = (page.parent / target).resolve() if target else page
            assert path.exists(), f"{page.name} links to {target}"
            if heading:
                headings = HEADING.findall(CODE.sub("", path.read_text(encoding="utf-8")))
                assert heading in {_anchor(each) for each in headings}, f"{page.name} links to {target}#{heading}"


def _anchor(title: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-")
