"""A Job's name depends on all code of its rewards."""

import shutil
from pathlib import Path

import pytest

from compiler.pipeline.phases import make_plan
from compiler.spec.code import imported

SPECS = Path(__file__).resolve().parents[2] / "specs"


@pytest.mark.parametrize(
    ("code", "modules"),
    [
        ("import units", ["units"]),
        ("import a.b as c, units", ["a.b", "units"]),
        ("import a, \\\n    b", ["a", "b"]),
        ("x = 1; import texts", ["texts"]),
        ("try: import texts\nexcept ImportError: pass", ["texts"]),
        ("import helpers . rules", ["helpers.rules"]),
        ("if True:\n    from units import kg  # late", ["units", "units.kg"]),
        ("from units \\\n  import kg", ["units", "units.kg"]),
        ("from helpers import (\n  rules,  # the rules\n  texts,\n)", ["helpers", "helpers.rules", "helpers.texts"]),
        ("from . import units", ["pack", "pack.units"]),
        ("from .units import (\n    kg as k,\n)", ["pack.units", "pack.units.kg"]),
        ("from ..units import kg", ["units", "units.kg"]),
        ("from .....units import kg", ["units", "units.kg"]),
        ("import importlib\nimportlib.import_module('units.kg')", ["importlib", "units.kg"]),
        ("'import units'\n# import units\nfrom x y", []),
        ('import a\ndef broken(:\n  """', ["a"]),
        ("import a\n" + "(" * 5000, ["a"]),
    ],
)
def test_imports_of_code(code: str, modules: list[str]) -> None:
    assert sorted(".".join(each) for each in imported(code, "pack/rewards.py")) == modules


def job_of(folder: Path) -> str:
    outcome = make_plan(folder / "spec.yaml", "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    return next(stage.job for stage in outcome.value.stages if stage.method in ("preflight", "ppo"))


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


def test_a_package_is_a_module_too(tmp_path: Path) -> None:
    for name in ("discharge-coding", "clusters"):
        shutil.copytree(SPECS / name, tmp_path / name, ignore=shutil.ignore_patterns("plan"))
    folder = tmp_path / "discharge-coding"
    (folder / "rewards").mkdir()
    code = folder / "rewards" / "__init__.py"
    (folder / "rewards.py").rename(code)
    before = job_of(folder)
    code.write_text(f"{code.read_text(encoding='utf-8')}\n# changed\n", encoding="utf-8")
    assert job_of(folder) != before


def codes_of(folder: Path) -> set[str]:
    return {each.code for each in make_plan(folder / "spec.yaml", "spec.yaml").diagnostics}


def test_a_preflight_counts_for_the_code_that_it_examined_only(tmp_path: Path) -> None:
    for name in ("discharge-coding", "clusters"):
        shutil.copytree(SPECS / name, tmp_path / name, ignore=shutil.ignore_patterns("plan"))
    folder = tmp_path / "discharge-coding"
    assert "CHK240" not in codes_of(folder)
    code = folder / "rewards.py"
    text = code.read_text(encoding="utf-8")
    code.write_text(f"{text}\n# another reward\n", encoding="utf-8")
    outcome = make_plan(folder / "spec.yaml", "spec.yaml")
    (found,) = (each for each in outcome.diagnostics if each.code == "CHK240")
    assert "`rewards.py` changed after the check" in found.message
    assert outcome.value is not None
    assert "ppo" not in [stage.method for stage in outcome.value.stages]  # the reward is to be examined again
    code.write_text(text, encoding="utf-8")
    evidence = folder / "evidence" / "reward-preflight.yaml"
    kept = [line for line in evidence.read_text(encoding="utf-8").splitlines() if not line.startswith("  code:")]
    evidence.write_text("\n".join(kept), encoding="utf-8")
    assert "CHK240" in codes_of(folder)


def test_the_databases_of_a_reward_are_part_of_it(tmp_path: Path) -> None:
    for name in ("report-sql", "clusters"):
        shutil.copytree(SPECS / name, tmp_path / name, ignore=shutil.ignore_patterns("plan"))
    folder = tmp_path / "report-sql"
    shutil.copytree(folder / "data" / "databases", folder / "data" / "other")
    spec = folder / "spec.yaml"
    text = spec.read_text(encoding="utf-8")
    assert "- use: sql_execution\n" in text
    spec.write_text(
        text.replace("- use: sql_execution\n", "- use: sql_execution\n        options: {databases: data/other}\n"),
        encoding="utf-8",
    )
    before = make_plan(spec, "spec.yaml").value
    script = next(iter(sorted((folder / "data" / "other").iterdir())))
    script.write_text(f"{script.read_text(encoding='utf-8')}\n", encoding="utf-8")
    after = make_plan(spec, "spec.yaml").value
    assert before is not None
    assert after is not None
    name = f"data/other/{script.name}"
    assert before.inputs.code[name] != after.inputs.code[name]
    assert before.stages[-1].job != after.stages[-1].job
