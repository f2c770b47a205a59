"""The boundary between the two packages, and what a quick command may import."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"torch", "transformers", "trl", "peft", "datasets", "kubernetes"}
MEASURING = {"numpy", "phonenumbers", "py3langid", "pyarrow", "rensa", "stdnum", "tokenizers"}
FORBIDDEN = {"compiler": HEAVY - {"kubernetes"} | {"runtime"}, "runtime": {"compiler"}}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", ["compiler", "runtime"])
def test_packages_meet_only_in_rendered_files(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert len(files) > 10
    crossed = {str(path): sorted(found) for path in files if (found := set(imported(path)) & FORBIDDEN[package])}
    assert crossed == {}


@pytest.mark.parametrize("arguments", [["--help"], ["check", "specs/support-rag"]])
def test_quick_commands_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom compiler.cli.app import app\n"
        f"try:\n    app({arguments!r})\nexcept SystemExit as end:\n    assert end.code in (0, None), end.code\n"
        f"print(sorted(set(sys.modules) & {HEAVY | MEASURING | {'jinja2', 'rich'}!r}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr.splitlines()[-1] == "[]"
