"""Documents that commands write: they read back unchanged, are written whole, and only on a change."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from compiler.spec.yaml.load import compose
from compiler.spec.yaml.write import document_text, write_document

text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
scalars = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1, 1, width=32) | text
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3))


@given(st.dictionaries(text, values, min_size=1, max_size=4))
def test_written_values_are_read_by_old_and_new_yaml(data: dict[str, Any]) -> None:
    written = document_text(data, "生成的文件\nsecond line")
    assert written.startswith("# 生成的文件\n# second line\n")
    assert yaml.safe_load(written) == data


def test_it_reads_well() -> None:
    data = {"kind": "StageResult", "spec": {"models": [], "metrics": [{"name": "准确率", "low": 0.5}], "sizes": [1, 2]}}
    assert document_text(data, "made by a test") == (
        '# made by a test\nkind: "StageResult"\nspec:\n  models: []\n  metrics:\n    - name: "准确率"\n'
        "      low: 0.5\n  sizes: [1, 2]\n"
    )
    outcome = compose(document_text(data, "made by a test"), "x.yaml")
    assert outcome.value is not None
    assert outcome.value.data == data


def test_it_is_written_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "evidence" / "a.yaml"
    assert write_document(path, {"a": 1}, "c")
    before = path.stat().st_mtime_ns
    assert not write_document(path, {"a": 1}, "c")
    assert path.stat().st_mtime_ns == before
    assert write_document(path, {"a": 2}, "c")
    assert path.read_text(encoding="utf-8") == "# c\na: 2\n"


def test_a_full_disk_leaves_the_old_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    write_document(path, {"a": 1}, "c")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_document(path, {"a": 2}, "c")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.yaml"]
    assert path.read_text(encoding="utf-8") == "# c\na: 1\n"
