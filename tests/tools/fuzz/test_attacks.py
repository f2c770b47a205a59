"""Every attack ends in its diagnostics or in a plan, within the memory and time limits of one spec."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeSpec
from tools.fuzz.attacks import ATTACKS

from compiler.pipeline.phases import compile_spec
from compiler.spec.dependencies import Reads

TESTS = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def confined() -> Iterator[Callable[[Path], dict[str, Any]]]:
    """Compile specs in a process with limits on memory and time; return the reports."""
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-m", "tools.fuzz.confined"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as server:

        def ask(path: Path) -> dict[str, Any]:
            server.stdin.write(f"{path}\n")
            server.stdin.flush()
            return json.loads(server.stdout.readline())

        yield ask
        server.stdin.close()


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_reported_within_limits(name: str, make_spec: MakeSpec, confined) -> None:
    what, code = ATTACKS[name]
    path = make_spec()
    what(path.parent)
    report = confined(path)
    assert "failed" not in report, report["failed"]
    assert (code in report["codes"]) if code else report["plan"], report
    assert report["reported"] < 100_000


def test_all_sources_of_a_spec_together_are_bounded(make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "    - {name: a, purpose: corpus, shape: text, path: data/x.jsonl}\n"
    path = make_spec(("  gaps:", source + source.replace("name: a", "name: b") + "  gaps:"))
    row = json.dumps({"text": "x" * 100_000}) + "\n"
    (path.parent / "data" / "x.jsonl").write_text(row)
    monkeypatch.setattr("compiler.spec.data.sources.MAX_SOURCE_BYTES", 150_000)
    found = [
        each for each in compile_spec(path, "spec.yaml", Reads(path.parent)).diagnostics if each.severity == "error"
    ]
    assert [each.code for each in found] == ["YML005"]
    assert "the rest of the limit after earlier sources" in found[0].message
