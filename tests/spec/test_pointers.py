"""Files of a spec's folder that are Git LFS pointers or pages of failed downloads are named as such."""

import pytest
from conftest import MakeSpec

from compiler.diagnostics.examples.project import POINTER
from compiler.pipeline.phases import make_plan

REWARD = "  reward:\n    kind: programmatic\n    functions:\n      - use: own:score\n        weight: 1\n  data:\n"


@pytest.mark.parametrize(
    "name", ["spec.yaml", "evidence/rounds.yaml", "data/demos.jsonl", "own.py", "databases/a.0.sql"]
)
def test_a_pointer_is_named_wherever_it_is(make_spec: MakeSpec, name: str) -> None:
    databases = "- name: execution_accuracy\n        databases: databases"
    path = make_spec(("  data:\n", REWARD), ("- name: exact_match", databases))
    (path.parent / "databases").mkdir()
    for each, text in {"databases/a.0.sql": "create table a(b);\n", "own.py": "def score(**rows): ...\n"}.items():
        (path.parent / each).write_text(text, encoding="utf-8")
    (path.parent / name).write_text(POINTER, encoding="utf-8")
    found = [each for each in make_plan(path, "spec.yaml").diagnostics if each.code == "CHK237"]
    assert ["Git LFS pointer" in each.message for each in found] == [True]
    assert found[0].hint == "fetch the file: git lfs pull"


def test_a_page_of_a_failed_download_is_no_evidence(make_spec: MakeSpec) -> None:
    path = make_spec()
    (path.parent / "evidence" / "card.yaml").write_text("<!DOCTYPE html>\n<html></html>\n", encoding="utf-8")
    (found,) = make_plan(path, "spec.yaml").diagnostics
    assert (found.code, "an HTML or XML page" in found.message) == ("CHK237", True)
