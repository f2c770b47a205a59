"""The README and docs/examples.md show decisions exactly as `trainspec explain` and its `--full` print them."""

import re
from pathlib import Path

import pytest

from compiler.explain import plan as explain
from compiler.explain.brief import brief
from compiler.pipeline.phases import decide
from compiler.spec.discover import discover

ROOT = Path(__file__).parent.parent.parent
# a decision as the page shows it: the README the short form, the examples the whole trace
BRIEF = re.compile(
    r"(?<=^```\n)(?P<name>[a-z0-9-]+): [^\n]*\n(?: [^\n]*\n)*goal .*?(?=^```$)", re.MULTILINE | re.DOTALL
)
FULL = re.compile(
    r"(?<=^```\n)(?P<name>[a-z0-9-]+): [^\n]*\n(?:  [^\n]*\n)*├─ goal.*?(?=^```$)", re.MULTILINE | re.DOTALL
)
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)")
PAGES = {"README.md": (BRIEF, 1), "docs/examples.md": (FULL, 3)}  # decisions on each page


def decision(name: str, form: re.Pattern[str]) -> str:
    """Return the explanation of a shipped spec; the whole trace without the rules that did not fire."""
    (spec,), _ = discover([ROOT / "specs" / name])
    decided = decide(spec.path, spec.shown).value
    assert decided is not None
    assert decided.plan is not None
    if form is BRIEF:
        return brief(decided, f"specs/{name}") + "\n"
    return explain.plan(decided.plan).split("└─ did not fire")[0]


@pytest.mark.parametrize("page", PAGES)
def test_pages_show_decisions_as_they_are(page: str, update_golden: bool) -> None:
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    form, count = PAGES[page]
    assert len(form.findall(text)) == count
    now = form.sub(lambda found: decision(found["name"], form), text)
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
