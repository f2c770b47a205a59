"""The committed pages of the manual are up to date with the generator."""

import re
from pathlib import Path

import pytest

from compiler.diagnostics.codes import CODES
from compiler.diagnostics.examples import EXAMPLES
from compiler.explain.diagnostics import FAMILIES, explain
from compiler.explain.docs import PAGES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", sorted(PAGES))
def test_pages_are_up_to_date(name: str) -> None:
    text = PAGES[name]()
    assert (DOCS / name).read_text(encoding="utf-8") == text, (
        f"run `python -m compiler.explain.docs` and review docs/{name}"
    )
    text.encode("utf-8")


def test_the_page_of_diagnostics_has_every_code_once_with_an_example() -> None:
    page = PAGES["diagnostics.md"]()
    assert sorted(re.findall(r"^### ([A-Z]{3}\d{3}): ", page, flags=re.MULTILINE)) == sorted(CODES)
    assert {code[:3] for code in CODES} == set(FAMILIES)
    for section in page.split("\n### ")[1:]:
        if section[:6] in EXAMPLES:
            assert ("Bad" in section and "Good" in section) or "Resolution: " in section, section[:60]


@pytest.mark.parametrize("code", sorted(EXAMPLES))
def test_explaining_a_code_shows_its_example(code: str) -> None:
    text = explain(code)
    assert text.startswith(f"{code} ({CODES[code].severity}): {CODES[code].title}\n")
    assert ("Bad" in text and "Good:" in text) or ("Situation: " in text and "Resolution: " in text)
