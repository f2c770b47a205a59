"""A Job's name depends on all code that its rewards are made of."""

import shutil
from pathlib import Path

import pytest

from compiler.pipeline import make_plan
from compiler.reward_code import imported

SPECS = Path(__file__).resolve().parents[2] / "specs"


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("import units", ["units.py", "units/__init__.py"]),
        ("import a.b as c, units", ["a/__init__.py", "a/b.py", "a/b/__init__.py", "units.py", "units/__init__.py"]),
        ("    from units import kg  # late", ["units.py", "units/__init__.py", "units/kg.py", "units/kg/__init__.py"]),
        ("from . import units", ["pack/__init__.py", "pack.py", "pack/units.py", "pack/units/__init__.py"]),
        ("from .units import (\n    kg as k,\n)", ["pack/units.py", "pack/units/kg.py"]),
        ("from ..units import kg", ["units.py", "units/kg.py"]),
        ("from .....units import kg", ["units.py"]),
        ("importlib.import_module('units')\nfrom x y", []),
    ],
)
def test_what_code_may_import_of_the_folder(line: str, files: list[str]) -> None:
    found = imported(f'"""Doc."""\n{line}\n', "pack/rewards.py")
    assert set(files) <= set(found)
    assert files or not found


def job_of(folder: Path) -> str:
    outcome = make_plan(folder / "spec.yaml", "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    return next(stage.job for stage in outcome.value.stages if stage.method == "ppo")


def test_a_job_is_another_when_a_module_changes_that_its_reward_imports(tmp_path: Path) -> None:
    for name in ("discharge-coding", "clusters"):
        shutil.copytree(SPECS / name, tmp_path / name, ignore=shutil.ignore_patterns("plan"))
    folder = tmp_path / "discharge-coding"
    rewards = folder / "rewards.py"
    rewards.write_text(f"from codes import tables\n{rewards.read_text(encoding='utf-8')}", encoding="utf-8")
    (folder / "codes").mkdir()
    (folder / "codes" / "tables.py").write_text("from codes.more import B\nimport codes.tables\n", encoding="utf-8")
    (folder / "codes" / "unrelated.py").write_text("", encoding="utf-8")
    before = job_of(folder)
    (folder / "codes" / "unrelated.py").write_text("A = 1\n", encoding="utf-8")
    assert job_of(folder) == before
    (folder / "codes" / "more.py").write_text("B = 1\n", encoding="utf-8")  # two modules away, and new
    added = job_of(folder)
    (folder / "codes" / "more.py").write_text("B = 2\n", encoding="utf-8")
    assert len({before, added, job_of(folder)}) == 3


def test_imported_code_stays_in_the_specs_folder(tmp_path: Path) -> None:
    for name in ("discharge-coding", "clusters"):
        shutil.copytree(SPECS / name, tmp_path / name, ignore=shutil.ignore_patterns("plan"))
    folder = tmp_path / "discharge-coding"
    (tmp_path / "outside.py").write_text("", encoding="utf-8")
    (folder / "helper.py").symlink_to(tmp_path / "outside.py")
    rewards = folder / "rewards.py"
    rewards.write_text(f"import helper\n{rewards.read_text(encoding='utf-8')}", encoding="utf-8")
    found = make_plan(folder / "spec.yaml", "spec.yaml").diagnostics
    assert [each.code for each in found if each.code == "CHK202"] == ["CHK202"]
