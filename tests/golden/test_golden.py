"""Golden files. `invalid/<case>.yaml`: edits that break the small project; `invalid/<case>.txt`: the resulting diagnostics.
`access/<case>.yaml`: what `trainspec access` prints; `driver/<spec>.yaml`: what `trainspec driver` prints, the plan's files left out.

`--update-golden` rewrites what is expected; the difference is reviewed like code.
"""

from pathlib import Path

import pytest
import yaml
from conftest import PROFILE, ROUNDS, SPEC, badcases, demos, held_out
from support.command import invoke

from compiler.diagnostics.examples.project import jsonl
from compiler.diagnostics.render.text import format_all
from compiler.pipeline.phases import compile_spec
from compiler.spec.discover import discover

HERE = Path(__file__).parent
CLUSTERS = HERE.parent.parent / "specs" / "clusters"
ACCESS: dict[str, tuple[Path, list[str]]] = {
    "defaults": (CLUSTERS / "cpu-small.yaml", []),
    **{case: (HERE / "outputs" / case / "profile.yaml", []) for case in ("jobset", "several-nodes", "trainjob")},
    "named": (
        CLUSTERS / "gpu-l40s.yaml",
        ["--ci", "user:repo:shop/specs:ref", "--ci", "serviceaccount:ci/runner", "--reader", "group:ml team"],
    ),
    "drivers": (
        CLUSTERS / "gpu-h100.yaml",
        ["--ci", "group:ci", "--driver", "172.18.0.2/32", "--driver", "fd00:18::2/128"],
    ),
}


BASE = {
    "clusters/small.yaml": PROFILE,
    "spec/spec.yaml": SPEC,
    "spec/evidence/prompt-rounds.yaml": ROUNDS,
    "spec/data/demos.jsonl": jsonl(demos(3)),
    "spec/data/held-out.jsonl": jsonl(held_out(3)),
    "spec/data/badcases.jsonl": jsonl(badcases(3)),
}


def bad_project(case: Path) -> dict[str, str]:
    """The small project as a case has it, by path: `edits` replace text that is once in a file, `files` are whole ones."""
    change = yaml.safe_load(case.read_text(encoding="utf-8"))
    texts = dict(BASE)
    for name, edits in change.get("edits", {}).items():
        for edit in edits:
            assert texts[name].count(edit["replace"]) == 1, f"{edit['replace']!r} is not once in {name}"
            texts[name] = texts[name].replace(edit["replace"], edit["with"])
    texts |= change.get("files", {})
    return {name: text for name, text in texts.items() if text is not None}


def compare(path: Path, text: str, update: bool) -> None:
    if update:
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"{path.name} is missing: run with --update-golden and review it"
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", sorted(HERE.glob("invalid/*.yaml")), ids=lambda case: case.stem)
def test_invalid(case: Path, update_golden: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in bad_project(case).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (spec,), _ = discover([Path("spec")])
    outcome = compile_spec(spec.path, spec.shown)
    assert outcome.value is None, "the case compiles: it is not invalid"
    compare(case.with_suffix(".txt"), format_all(outcome.diagnostics) + "\n", update_golden)


@pytest.mark.parametrize("spec", discover([HERE.parent.parent / "specs"])[0], ids=lambda spec: spec.path.parent.name)
def test_shipped_plans_are_what_their_specs_compile_to(spec) -> None:
    outcome = compile_spec(spec.path, spec.shown)
    assert outcome.value is not None, outcome.diagnostics
    plan = {path.name: path.read_text(encoding="utf-8") for path in spec.plan_folder.iterdir()}
    assert {file.name: file.text for file in outcome.value.bundle.files} == plan


@pytest.mark.parametrize("case", ACCESS)
def test_access(case: str, update_golden: bool) -> None:
    path, arguments = ACCESS[case]
    done = invoke("access", str(path), *arguments)
    assert done.exit_code == 0, done.stderr
    compare(HERE / "access" / f"{case}.yaml", done.stdout, update_golden)


def test_driver(update_golden: bool) -> None:
    done = invoke("driver", str(HERE.parent.parent / "specs" / "report-sql" / "plan"))
    assert done.exit_code == 0, done.stderr
    config_map, job = done.stdout.split("---\n# `trainspec")
    head, data = config_map.split("\ndata:\n")
    files = "".join(line for line in data.splitlines(keepends=True) if line.startswith('  "'))
    compare(HERE / "driver" / "report-sql.yaml", f"{head}\ndata:\n{files}---\n# `trainspec{job}", update_golden)
