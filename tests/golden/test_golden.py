"""Golden folders. `invalid/<case>`: what is told of a bad project. `valid/<case>`: the plan that a project compiles to.
`access/<case>.yaml`: what `trainspec access` prints; `driver/<spec>.yaml`: what `trainspec driver` prints, the plan's files left out.

`--update-golden` rewrites what is expected; the difference is reviewed like code.
"""

from pathlib import Path

import pytest
from support.command import invoke

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


def cases(kind: str) -> list[Path]:
    return sorted(path for path in (HERE / kind).iterdir() if path.is_dir())


def compare(path: Path, text: str, update: bool) -> None:
    if update:
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"{path.name} is missing: run with --update-golden and review it"
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", cases("invalid"), ids=lambda case: case.name)
def test_invalid(case: Path, update_golden: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case)
    (spec,), _ = discover([Path("spec")])
    outcome = compile_spec(spec.path, spec.shown)
    assert outcome.value is None, "the case compiles: it is not invalid"
    compare(case / "expected.txt", format_all(outcome.diagnostics) + "\n", update_golden)


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
