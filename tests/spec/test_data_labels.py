"""Badcases by their labels, and trajectories with judged steps: counted, on cards, and derived from older cards."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.spec.data import labels as module
from compiler.spec.data.cards import file_of
from compiler.spec.data.labels import classes_of, labels_counted, labels_of_classes
from compiler.spec.data.model import DataFile, LabelCount
from compiler.spec.data.sources import read_source
from compiler.spec.schema.data_card import DataCard
from compiler.spec.schema.training_spec import DataSource
from runtime.contract.data.labels import Labels

USER = {"role": "user", "content": "q"}


def read(tmp_path: Path, rows: list[dict[str, Any]], shape: str) -> DataFile:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    outcome = read_source(path, "rows.jsonl", name="rows", relative="rows.jsonl", shape=shape)
    assert outcome.value is not None, outcome.diagnostics
    return outcome.value


def badcase(number: int, answer: str | None, **labels: Any) -> dict[str, Any]:
    return {"id": f"{number}", "prompt": f"q{number}", "fix": "a right answer", "answer": answer} | labels


def test_badcases_are_counted_by_their_labels(tmp_path: Path) -> None:
    rows = [
        badcase(1, "wrong", kind="hotel", component="retriever"),
        badcase(2, None, kind="hotel", component="retriever"),
        badcase(3, "a right answes", **{"class": "systemic"}),
        badcase(4, "wrong", kind="", component=None),
    ]
    file = read(tmp_path, rows, "badcase")
    assert file.labels == (
        LabelCount(rows=1, answered=1, near=1, category="systemic"),
        LabelCount(rows=1, answered=1),
        LabelCount(rows=2, answered=1, kind="hotel", component="retriever"),
    )
    assert file.classes == (("systemic", 1), ("undetermined", 3))


@pytest.mark.parametrize("column", ["kind", "component"])
def test_labels_are_text(tmp_path: Path, column: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(badcase(1, "x", **{column: 3})), encoding="utf-8")
    (found,) = read_source(path, "rows.jsonl", name="rows", relative="rows.jsonl", shape="badcase").diagnostics
    assert found.message == f"`{column}` is not text: found a number, `3`"


def test_the_rarest_labels_are_folded_by_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LABELS", 8)
    counts = {Labels(kind=f"k{n}"): Counter(rows=10 - n, answered=n) for n in range(9)}
    counts[Labels(category="flow-control", kind="z")] = Counter(rows=1)
    made = labels_counted(counts)
    assert [(each.category, each.kind, each.rows) for each in made] == [
        ("flow-control", "", 1),
        ("undetermined", "", sum(range(2, 9))),
        ("undetermined", "k0", 10),
        ("undetermined", "k1", 9),
    ]
    assert sum(each.answered for each in made) == sum(range(9))


def card(shape: str, **fields: Any) -> DataCard:
    body = {
        "source": "x",
        "shape": shape,
        "uri": "s3://bucket/x.jsonl",
        "rows": 10,
        "bytes": 100,
        "datasetType": "preference",
        "format": "standard",
        "columns": [],
        "lengths": {"unit": "bytes", "p50": 1, "p90": 1, "p99": 1, "max": 1},
        "duplicates": {"exact": 0, "near": 0},
    }
    data = {
        "apiVersion": "trainspec.dev/v1",
        "kind": "DataCard",
        "metadata": {"source": "t", "date": "2026-11-01", "digest": "0" * 64},
        "spec": body | fields,
    }
    return DataCard.model_validate(data)


SOURCE = DataSource.model_validate(
    {"name": "x", "purpose": "badcases", "shape": "badcase", "uri": "s3://bucket/x.jsonl"}
)
PAIRS = {"answered": 7, "unanswered": 3, "near": 2, "nearDistance": 0.1}


def test_a_card_with_labels_and_no_classes() -> None:
    labels = [{"kind": "hotel", "component": "retriever", "rows": 6, "answered": 5}, {"class": "systemic", "rows": 4}]
    file = file_of(card("badcase", labels=labels, pairs=PAIRS), SOURCE, "m/1")
    assert file.classes == (("systemic", 4), ("undetermined", 6))
    assert [(each.kind, each.component, each.answered) for each in file.labels] == [
        ("", "", 0),
        ("hotel", "retriever", 5),
    ]


def test_an_older_card_has_only_classes() -> None:
    classes = [{"name": "flow-control", "rows": 4}, {"name": "systemic", "rows": 3}]
    file = file_of(card("badcase", classes=classes, pairs=PAIRS), SOURCE, "m/1")
    assert file.labels == (
        LabelCount(category="flow-control", rows=4, answered=4),
        LabelCount(category="systemic", rows=3, answered=2, near=1),
        LabelCount(category="undetermined", rows=3, answered=1, near=1),
    )
    (only,) = file_of(card("badcase", pairs=PAIRS), SOURCE, "m/1").labels
    assert only == LabelCount(rows=10, answered=7, near=2)


@given(
    sizes=st.dictionaries(
        st.sampled_from(["critical", "flow-control", "sporadic", "undetermined"]), st.integers(0, 50)
    ),
    more=st.integers(0, 20),
    share=st.floats(0, 1),
    nearly=st.floats(0, 1),
)
def test_labels_of_classes_add_up_and_fit_their_class(
    sizes: dict[str, int], more: int, share: float, nearly: float
) -> None:
    rows = sum(sizes.values()) + more
    answered = int(rows * share)
    near = int(answered * nearly)
    made = labels_of_classes(tuple(sorted(sizes.items())), rows, answered, near)
    assert sum(each.rows for each in made) == rows
    assert (sum(each.answered for each in made), sum(each.near for each in made)) == (answered, near)
    assert all(0 <= each.near <= each.answered <= each.rows for each in made)
    without_flow = sum(each.answered for each in made if each.category != "flow-control")
    assert without_flow == max(0, answered - sizes.get("flow-control", 0))
    assert (
        dict(classes_of(made)).items() >= {name: n for name, n in sizes.items() if n and name != "undetermined"}.items()
    )


def says(**step: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": "a"} | step


def test_trajectories_and_judged_ones_are_counted(tmp_path: Path) -> None:
    rows = [
        {"messages": [USER, says()]},
        {"messages": [USER, says(train=True)]},
        {"messages": [USER, says(), USER, says()]},
        {"messages": [USER, says(verdict="wrong"), USER, says()]},
        {"messages": [USER, says(), USER, says(train=False)]},
    ]
    file = read(tmp_path, rows, "messages")
    assert (file.trajectories, file.judged) == (3, 2)
    assert file.repeated == 1  # the second; the same texts with other steps to learn teach something else


def test_what_is_not_learnt_is_no_taught_answer(tmp_path: Path) -> None:
    last_is_wrong = read(
        tmp_path, [{"messages": [USER, says(content="good"), says(content="bad", train=False)]}], "messages"
    )
    good = read(tmp_path, [{"messages": [USER, says(content="good")]}], "messages")
    assert last_is_wrong.targets.keys() == good.targets.keys()


def test_trajectories_of_a_card() -> None:
    source = replace_shape("messages")
    file = file_of(card("messages", trajectories=8, judged=3), source, "m/1")
    assert (file.trajectories, file.judged, file.labels) == (8, 3, ())


def replace_shape(shape: str) -> DataSource:
    return SOURCE.model_copy(update={"shape": shape})


@pytest.mark.parametrize(
    ("turn", "message"),
    [
        (
            {"role": "user", "content": "q", "train": True},
            "`messages[1].train` belongs only to turns of the `assistant`, not of the `user`",
        ),
        (
            {"role": "tool", "content": "q", "verdict": "right"},
            "`messages[1].verdict` belongs only to turns of the `assistant`",
        ),
        (says(train="no"), "`messages[1].train` must be true or false"),
        (says(verdict="good"), "`messages[1].verdict` must be `right` or `wrong`"),
    ],
)
def test_a_wrong_step_is_named_by_row_turn_and_key(tmp_path: Path, turn: dict[str, Any], message: str) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"messages": [USER, says()]}, {"messages": [USER, turn, says(content="b")]}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (found,) = read_source(path, "rows.jsonl", name="rows", relative="rows.jsonl", shape="messages").diagnostics
    assert (found.code, found.location.line) == ("CHK203", 2)
    assert found.message.startswith(message)


def test_a_row_without_a_turn_to_learn_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"messages": [USER, says(train=False), USER, says(verdict="wrong")]}), encoding="utf-8")
    (found,) = read_source(path, "rows.jsonl", name="rows", relative="rows.jsonl", shape="messages").diagnostics
    assert "`messages` has nothing to learn" in found.message


def test_an_answer_has_no_step(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"prompt": [USER], "completion": [says(train=False)]}), encoding="utf-8")
    (found,) = read_source(
        path, "rows.jsonl", name="rows", relative="rows.jsonl", shape="prompt-completion"
    ).diagnostics
    assert found.message.startswith("`completion[0].train` belongs to turns of `messages` or of a prompt")
