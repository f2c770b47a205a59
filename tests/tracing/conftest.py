"""A recorder that writes to a file of its own, and its traces, each valid by the contract."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.contract.traces import Trace
from runtime.trace import configure, report, writer

Record = dict[str, Any]
Recorded = Callable[..., Callable[[], list[Record]]]


def traces_in(path: Path) -> list[Record]:
    """Return the traces of a file and of its full predecessors, after each line was read by the contract's model."""
    files = sorted(path.parent.glob(f"{path.name}*"))
    lines = [line for file in files for line in file.read_bytes().splitlines()]
    for line in lines:
        Trace.model_validate_json(line, strict=False)
    return [json.loads(line) for line in lines]


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorded]:
    """Configure the recorder; return a function that reads what it wrote."""
    monkeypatch.delenv("TRAINSPEC_TRACES", raising=False)
    report._counts.clear()

    def make(**settings: Any) -> Callable[[], list[Record]]:
        path = tmp_path / "traces" / "t.jsonl"
        configure(**{"path": path, **settings})
        return lambda: traces_in(path)

    yield make
    monkeypatch.setattr(writer, "_recorder", None)
