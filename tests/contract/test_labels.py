"""Labels of badcases and filters by them: what the compiler leaves out, a stage leaves out."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler.plan.data_blocks import excluded_rows
from compiler.spec.data.sources import read_source
from runtime.contract.blocks import DataBlock
from runtime.contract.data.labels import LabelFilter, labels_of
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes
from runtime.data.rows import read_sources

CLASS = st.sampled_from(["", "flow-control", "systemic", "undetermined"])
KIND = st.sampled_from(["", "hotel-breakfast", "早餐"])
COMPONENT = st.sampled_from(["", "retriever", "generator"])
ROWS = st.lists(st.tuples(CLASS, KIND, COMPONENT), min_size=1, max_size=12)
FILTERS = st.lists(
    st.builds(
        LabelFilter,
        category=st.none() | CLASS.filter(bool),
        kind=st.none() | KIND,
        component=st.none() | COMPONENT,
    ).filter(lambda each: each != LabelFilter()),
    max_size=3,
)


def written(path: Path, rows: list[dict[str, Any]]) -> DataBlock:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return DataBlock.model_validate(
        {"path": path.name, "shape": "badcase", "sha256": None, "rows": None, "volume": "outputs"}
    )


@given(rows=ROWS, filters=FILTERS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
def test_the_compiler_counts_the_rows_that_a_stage_keeps(
    rows: list[tuple[str, str, str]], filters: list[LabelFilter], tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    given = [
        {"id": str(n), "prompt": f"q{n}", "fix": "f", "answer": "" if n % 3 else "x", "class": one, "kind": two}
        | ({"component": three} if three else {})
        for n, (one, two, three) in enumerate(rows)
    ]
    block = written(path, given)
    file = read_source(path, path.name, name="x", relative=path.name, shape="badcase").value
    assert file is not None
    kept = [each for each in file.labels if not any(one.matches(each) for one in filters)]
    block = DataBlock.model_validate(block.model_dump(by_alias=True, exclude_unset=True) | excluded_rows(filters))
    volumes = Volumes(models=tmp_path, data=tmp_path, outputs=tmp_path)
    if not kept:
        with pytest.raises(StageError, match="no row remains"):
            read_sources([block], volumes)
        return
    (source,) = read_sources([block], volumes)
    assert len(source.rows) == sum(each.rows for each in kept)
    assert sum(bool(row["answer"]) for row in source.rows) == sum(each.answered for each in kept)
    assert Counter(labels_of(row) for row in source.rows).total() + source.excluded == len(rows)


def test_a_row_is_left_out_by_its_kind_where_it_names_no_component(tmp_path: Path) -> None:
    """A row's own component goes before that of its kind, which a report gives."""
    rows = [
        {"id": f"{n}", "prompt": "p", "fix": "f", "kind": kind, "component": component}
        for n, (kind, component) in enumerate([("hotel", ""), ("hotel", "generator"), ("flight", "")])
    ]
    block = written(tmp_path / "rows.jsonl", rows)
    more = {"exclude_labels": [{"kind": "hotel", "component": ""}]}
    block = DataBlock.model_validate(block.model_dump(by_alias=True, exclude_unset=True) | more)
    (source,) = read_sources([block], Volumes(models=tmp_path, data=tmp_path, outputs=tmp_path))
    assert [row["id"] for row in source.rows] == ["1", "2"]


def test_labels_are_shown_on_one_line_and_within_bounds() -> None:
    labels = labels_of({"kind": " hotel\n breakfast\x1b", "component": "x" * 500})
    assert (labels.category, labels.kind, len(labels.component)) == ("undetermined", "hotel breakfast\ufffd", 200)


@pytest.mark.parametrize(
    ("filters", "fields"),
    [
        ([], {}),
        ([LabelFilter(category="flow-control")], {"exclude_classes": ["flow-control"]}),
        ([LabelFilter(kind="loop"), LabelFilter(kind="loop")], {"exclude_labels": [{"kind": "loop"}]}),
        (
            [LabelFilter(component="retriever"), LabelFilter(category="systemic", kind="", component="")],
            {"exclude_labels": [{"class": "systemic", "kind": "", "component": ""}, {"component": "retriever"}]},
        ),
    ],
)
def test_filters_become_fields_of_the_block(filters: list[LabelFilter], fields: dict[str, Any]) -> None:
    assert excluded_rows(filters) == fields
