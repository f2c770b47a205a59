"""Losses of exports: each one that is made is found, and whole exports have none."""

import json
import random
from pathlib import Path

import pytest
from support.export_formats import IMPOSSIBLE, WRITERS
from support.exports import DAMAGES, natural, write

from compiler.run.imports.importing import Imported, ImportRequest, import_files
from runtime.contract.traces import Trace, refusing

TRACES = 40
BUSY = 500  # traces, over so many hours that a window can be missing


def imported(folder: Path, *paths: Path) -> Imported:
    return import_files(ImportRequest(paths=paths, to=folder / "traces.jsonl"), lambda what, number: None)


def read(folder: Path) -> list[Trace]:
    text = (folder / "traces.jsonl").read_text(encoding="utf-8")
    return [Trace.model_validate(json.loads(line)) for line in text.splitlines()]


CASES = [
    pytest.param(tool, name, marks=[] if tool == "langfuse" else pytest.mark.slow)
    for tool in WRITERS
    for name in DAMAGES
    if name not in IMPOSSIBLE.get(tool, ())
]
SEEDS = [pytest.param(seed, marks=[] if seed == 1 else pytest.mark.slow) for seed in range(17)]
SPREADS = ("cut at a limit", "window")  # losses of more than three traces


@pytest.mark.parametrize(("tool", "name"), CASES)
def test_a_loss_is_found_where_it_is_made_and_nowhere_else(tool: str, name: str, tmp_path: Path) -> None:
    kind, damage = DAMAGES[name]
    items = natural(7, BUSY if name == "window" else TRACES)
    traces = len({item.trace for item in items})
    damaged = damage(items, random.Random(1))
    made = imported(tmp_path, write(tmp_path / "export.jsonl", WRITERS[tool](damaged)))
    assert kind in made.tally.losses
    affected = {trace.id for trace in read(tmp_path) if trace.losses}
    assert len(affected) <= (traces if name in SPREADS else 6 if tool != "openai" else 12)


@pytest.mark.parametrize("tool", WRITERS)
@pytest.mark.parametrize("seed", SEEDS)
def test_whole_exports_have_no_loss(tool: str, seed: int, tmp_path: Path) -> None:
    items = natural(seed, BUSY if seed == 0 else 0)
    made = imported(tmp_path, write(tmp_path / "export.jsonl", WRITERS[tool](items)))
    assert made.tally.losses == {}
    assert made.found == []
    traces = read(tmp_path)
    assert len(traces) == made.tally.traces == made.tally.evidence
    assert not any(refusing(trace.losses) for trace in traces)
