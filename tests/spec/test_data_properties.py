"""Properties of data: order and format do not change the counts, and a card replaces its rows."""

import csv
import io
import json
import random
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler.run.measure.card import COMMENT, Measured, card_data
from compiler.run.measure.source import Measurement
from compiler.spec.data.cards import file_of
from compiler.spec.data.model import DataFile
from compiler.spec.data.sources import read_source
from compiler.spec.schema.data_card import DataCard
from compiler.spec.schema.training_spec import TrainingSpec
from compiler.spec.yaml.load import compose
from compiler.spec.yaml.write import document_text

Rows = list[dict[str, Any]]

IN_ONE_FOLDER = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=60
)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=30).filter(
    lambda text: text.strip() != ""
)
SHORT = st.sampled_from(["退款", "refund", "q1", "q2", "错", "对的答案", "a longer answer of some words"])
ROW: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "badcase": st.fixed_dictionaries(
        {"id": SHORT, "prompt": SHORT | TEXT, "fix": SHORT},
        optional={
            "answer": SHORT | st.none(),
            "class": st.sampled_from(["critical", "systemic", None]),
            "kind": SHORT,
            "component": st.sampled_from(["retriever", "generator"]),
            "model": SHORT,
            "prompt_version": SHORT,
            "cluster": SHORT,
        },
    ),
    "preference": st.fixed_dictionaries({"prompt": SHORT | TEXT, "chosen": SHORT, "rejected": SHORT}),
    "prompt-completion": st.fixed_dictionaries({"prompt": SHORT | TEXT, "completion": SHORT | TEXT}),
    "chain": st.fixed_dictionaries({"prompt": SHORT | TEXT, "chain": TEXT, "completion": SHORT}),
    "text": st.fixed_dictionaries({"text": SHORT | TEXT}),
    "unpaired-preference": st.fixed_dictionaries({"prompt": SHORT, "completion": SHORT, "label": st.booleans()}),
}
SOURCES = st.sampled_from(sorted(ROW)).flatmap(
    lambda shape: st.tuples(st.just(shape), st.lists(ROW[shape], min_size=1, max_size=12))
)


def read(path: Path, shape: str, watch: Any = None) -> DataFile:
    outcome = read_source(path, path.name, name="x", relative=path.name, shape=shape, watch=watch)
    assert outcome.value is not None, outcome.diagnostics
    return outcome.value


def written(path: Path, rows: Rows) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def counted(file: DataFile) -> DataFile:
    """Return everything except the names of files and lines."""
    lengths = replace(file.lengths, longest=()) if file.lengths else None
    places = {
        name: dict.fromkeys(sorted(getattr(file, name)), 0) for name in ("prompts", "clusters", "targets", "failures")
    }
    return replace(file, path="", sha256="", size=0, parts=(), same_rows=(), lengths=lengths, **places)


@given(source=SOURCES, seed=st.integers())
@IN_ONE_FOLDER
def test_the_order_of_rows_changes_no_count(source: tuple[str, Rows], seed: int, tmp_path: Path) -> None:
    shape, rows = source
    shuffled = random.Random(seed).sample(rows, len(rows))
    one, other = (
        read(written(tmp_path / name, each), shape) for name, each in (("a.jsonl", rows), ("b.jsonl", shuffled))
    )
    assert counted(one) == counted(other)


@given(source=SOURCES)
@IN_ONE_FOLDER
def test_the_format_of_rows_changes_no_count(source: tuple[str, Rows], tmp_path: Path) -> None:
    shape, rows = source
    columns = sorted({name for row in rows for name in row})
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: str(value).lower() if value in (True, False) else value for name, value in row.items()})
    (tmp_path / "rows.csv").write_bytes(text.getvalue().encode())
    table = pyarrow.Table.from_pylist([{name: row.get(name) for name in columns} for row in rows])
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    jsonl = counted(read(written(tmp_path / "rows.jsonl", rows), shape))
    assert counted(read(tmp_path / "rows.csv", shape)) == jsonl
    assert counted(read(tmp_path / "rows.parquet", shape)) == jsonl


def spec_of(shape: str) -> TrainingSpec:
    return TrainingSpec.model_validate(
        {
            "apiVersion": "trainspec.dev/v1",
            "kind": "TrainingSpec",
            "metadata": {"name": "x"},
            "spec": {
                "profile": "p",
                "goal": {"application": "rag", "task": "t", "metrics": [{"name": "exact_match", "target": 0.5}]},
                "system": {"runsEndToEnd": True},
                "model": {"name": "m", "revision": "1"},
                "data": [{"name": "x", "purpose": "general", "shape": shape, "uri": "s3://bucket/x"}],
            },
        }
    )


@given(source=SOURCES)
@IN_ONE_FOLDER
def test_a_card_replaces_its_rows(source: tuple[str, Rows], tmp_path: Path) -> None:
    shape, rows = source
    spec = spec_of(shape)
    measurement = Measurement(shape, None, "m/1")
    file = read(written(tmp_path / "rows.jsonl", rows), shape, measurement.watch)
    measured = Measured(source=spec.spec.data[0], file=file, measurement=measurement)
    data = card_data(measured, spec, {"x": measured}, {}, None, "2026-11-22")
    card = DataCard.model_validate(data)
    by_card = file_of(card, spec.spec.data[0], "m/1")
    nothing: dict[str, Any] = {
        "prompts": {},
        "clusters": {},
        "targets": {},
        "failures": {},
        "parts": (),
        "unclustered": 0,
    }
    assert by_card == replace(file, path="", uri="s3://bucket/x", **nothing)

    document = compose(document_text(data, COMMENT), "card.yaml")
    assert document.diagnostics == ()
    assert document.value is not None
    again = DataCard.model_validate(document.value.data)
    assert again == card
    assert again.metadata.date == date(2026, 11, 22)
    assert card_data(measured, spec, {"x": measured}, {}, again, "2027-01-01") == data
