"""The one file that plans of the phase collect contain."""

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from conftest import MakeSpec

from compiler.pipeline.phases import compile_spec
from compiler.render.recorder import MODULES, recorder_text
from runtime.trace.snapshot import snapshot

FOLDER = Path(__file__).parents[2] / "runtime" / "trace"
ADAPTERS = {"langchain", "otel", "otlp", "dialects"}


@dataclass
class Ordered:
    number: int
    at: time


def test_every_module_is_vendored_or_an_adapter() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == {"__init__", *MODULES, *ADAPTERS}


def test_modules_keep_their_names_apart() -> None:
    names: Counter[str] = Counter()
    for module in MODULES:
        for node in ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names[node.name] += 1
            elif isinstance(node, ast.Assign):
                names.update(target.id for target in node.targets if isinstance(target, ast.Name))
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names[node.target.id] += 1
    assert {name for name, count in names.items() if count > 1} == set()


def test_an_import_means_the_same_in_every_module() -> None:
    meanings: dict[str, set[tuple[str, str]]] = {}
    for module in MODULES:
        for node in ast.walk(ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom) and not getattr(node, "level", 0):
                for each in node.names:
                    meaning = (getattr(node, "module", "") or "", each.name)
                    meanings.setdefault(each.asname or each.name, set()).add(meaning)
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


def test_the_one_file_copies_values_as_the_package_does() -> None:
    joined: dict[str, Any] = {"__name__": "joined"}
    exec(recorder_text(), joined)
    values = [
        datetime(2026, 1, 2, tzinfo=UTC),
        time(3, 4),
        timedelta(seconds=5),
        Decimal("1.50"),
        Path("a/b"),
        ValueError("坏"),
        Ordered(number=3, at=time(1, 2)),
    ]
    for value in values:
        assert joined["snapshot"](value, 1000) == snapshot(value, 1000)
        assert snapshot(value, 1000)[1] == ()


def test_the_text_is_that_of_the_modules() -> None:
    text = recorder_text()
    ours = [line for module in MODULES for line in (FOLDER / f"{module}.py").read_text(encoding="utf-8").splitlines()]
    assert Counter(text.splitlines()) - Counter(
        [*ours, *(FOLDER / "__init__.py").read_text(encoding="utf-8").splitlines()]
    ) <= Counter({"": 100})
    assert not any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(ast.parse(text)))


def test_a_plan_of_phase_collect_shows_how_to_record(make_spec: MakeSpec, tmp_path: Path) -> None:
    components = "\n    components:\n      - {name: index, role: find, kind: retriever}\n      - {name: answer, role: write, kind: model}"
    path = make_spec(("fullChain: true", f"fullChain: false{components}"))
    compiled = compile_spec(path, "spec.yaml")
    assert compiled.value is not None, compiled.diagnostics
    files = {file.name: file.text for file in compiled.value.bundle.files}
    (tmp_path / "trainspec_trace.py").write_text(files["trainspec_trace.py"], encoding="utf-8")
    (snippet,) = re.findall(r"```python\n(.*?)```", files["PLAN.md"], re.DOTALL)
    given = "query = 'q'\nsession = 's'\n"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, '.')\n{given}{snippet}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    (made,) = [
        json.loads(line) for line in (tmp_path / "traces" / "shop.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert made["query"] == "q"
    assert [(each["component"], each["kind"]) for each in made["steps"]] == [
        ("index", "retrieval"),
        ("answer", "model"),
    ]
    assert made["model"] == "tiny/1"
