"""Every example of the page about data passes the check of its shape."""

import json
import re
from pathlib import Path

import pytest

from compiler.spec.data.sources import read_source

PAGE = Path(__file__).parent.parent.parent / "docs" / "data.md"
EXAMPLES = re.findall(r"```jsonl (\S+) ?(.*)\n([\s\S]*?)```", PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("shape", "columns", "rows"), EXAMPLES)
def test_an_example_is_read(tmp_path: Path, shape: str, columns: str, rows: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(rows, encoding="utf-8")
    outcome = read_source(
        path, path.name, name="rows", relative=path.name, shape=shape, columns=json.loads(columns or "{}")
    )
    assert outcome.diagnostics == ()
    assert outcome.value is not None
    assert outcome.value.rows == rows.count("\n")
