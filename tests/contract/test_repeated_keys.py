"""A key that an object has twice, and a number that JSON does not have, are named: neither is lost silently."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.spec.data.sources import read_source
from runtime.contract.blocks import DataBlock
from runtime.contract.data.dialects import native_row
from runtime.contract.data.faults import RowFault
from runtime.contract.data.json_rows import json_row
from runtime.contract.data.repeated_keys import repeated_in
from runtime.contract.data.unreadable import Unreadable
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes
from runtime.data.rows import read_rows

GOOD = '{"prompt": "q", "completion": "a"}'
TWICE = '{"prompt": "q", "prompt": "other", "completion": "a"}'
TURNS = '{"prompt": [{"role": "user", "content": "q"}, {"role": "user", "content": "r", "content": "s"}], "completion": [{"role": "assistant", "content": "a"}]}'


def said(folder: Path, name: str, text: str) -> list[str]:
    """What a check and a stage say of a file."""
    path = folder / name
    content = text.encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    found = read_source(path, path.name, name="rows", relative=path.name, shape="prompt-completion").diagnostics
    block = {"path": path.name, "shape": "prompt-completion", "sha256": None, "rows": None, "volume": "outputs"}
    with pytest.raises(StageError) as caught:
        read_rows([DataBlock.model_validate(block)], Volumes(models=folder, data=folder, outputs=folder))
    return [
        *[f"{each.location.path}:{each.location.line} {each.message}" for each in found],
        caught.value.problem.message,
    ]


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz", "r.ndjson"])
@pytest.mark.parametrize(("row", "place"), [(TWICE, "prompt"), (TURNS, "prompt[1].content")])
def test_a_repeated_key_is_named_with_its_line(tmp_path: Path, name: str, row: str, place: str) -> None:
    for text in said(tmp_path, name, f"{GOOD}\n{row}\n"):
        assert f"has the key `{place}` twice" in text
        assert f"{name}:2" in text


@pytest.mark.parametrize("name", ["r.json", "r.json.gz"])
@pytest.mark.parametrize("whole", ["[{},\n {}]", '{{"data": [{}, {}]}}', "{}\n{}"])
def test_a_repeated_key_is_named_with_its_number(tmp_path: Path, name: str, whole: str) -> None:
    for text in said(tmp_path, name, whole.format(GOOD, TURNS)):
        assert (
            "has the key `prompt[1].content` twice" in text or "has the key `data[1].prompt[1].content` twice" in text
        )
        assert "row 2" in text or "data[1]" in text


def test_two_lists_under_one_name_are_not_one(tmp_path: Path) -> None:
    for text in said(tmp_path, "r.json", f'{{"data": [{GOOD}], "data": [{GOOD}]}}'):
        assert "has the key `data` twice" in text


def test_equal_faults_are_one(tmp_path: Path) -> None:
    (text, _) = said(tmp_path, "r.jsonl", f"{GOOD}\n" + f"{TWICE}\n" * 30)
    assert "30 rows: the row has the key `prompt` twice, first in row 2" in text


def test_a_number_that_json_does_not_have_is_named_with_its_place(tmp_path: Path) -> None:
    row = '{"prompt": "q", "completion": "a", "scores": {"all": [1, NaN]}}'
    for text in said(tmp_path, "r.jsonl", row):
        assert "`NaN` is not a JSON number (in `scores.all[1]`)" in text
    for text in said(tmp_path, "r.json", f"[{row}]"):
        assert "`NaN` is not a JSON number (in `scores.all[1]`)" in text


CALL = '{"name": "f", "arguments": %s}'


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize(
    "form",
    [
        lambda arguments: [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}],
        lambda arguments: [{"role": "assistant", "function_call": {"name": "f", "arguments": arguments}}],
        lambda arguments: [{"role": "assistant", "tool_calls": CALL % arguments}],
        lambda arguments: [{"from": "function_call", "value": CALL % arguments}],
        lambda arguments: json.dumps(
            [{"role": "assistant", "tool_calls": [{"function": json.loads(CALL % arguments)}]}]
        ),
    ],
)
def test_a_number_in_arguments_is_never_null(number: str, form: Any) -> None:
    turns = form(f'{{"x": {number}, "y": 1}}')
    name = "conversations" if "from" in turns[0] else "messages"
    fault = native_row({name: turns}, "messages")
    assert isinstance(fault, RowFault)
    assert fault.place.endswith("arguments.x")
    assert "no number of JSON" in fault.problem


@pytest.mark.parametrize(
    "turns",
    [
        [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": '{"x": 1, "x": 2}'}}]}],
        [{"role": "assistant", "tool_calls": '[{"name": "f", "arguments": {"x": 1, "x": 2}}]'}],
        ['{"role": "assistant", "content": "a", "x": 1, "x": 2}'],
        '[{"role": "assistant", "content": "a", "content": "b", "x": 1}]',
        "[{'role': 'assistant', 'content': 'a', 'x': 1, 'x': 2}]",
    ],
)
def test_a_repeated_key_in_text_is_named(turns: Any) -> None:
    fault = native_row({"messages": turns}, "messages")
    assert isinstance(fault, RowFault)
    assert "twice" in fault.problem


def test_text_that_is_no_turns_may_repeat_keys() -> None:
    row = {"prompt": "q", "completion": '{"x": 1, "x": 2}'}
    assert native_row(row, "prompt-completion") == row


TEXT = st.text(alphabet='ab":\\ \t\n{}[]', max_size=6)


class Pairs(list[tuple[str, Any]]):
    """The pairs of an object, in which a key may be twice."""


def values(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.lists(st.tuples(TEXT, inner), max_size=4).map(Pairs)


VALUES = st.recursive(TEXT | st.integers(0, 9), values, max_leaves=8)


def written(value: Any, space: str) -> str:
    if isinstance(value, Pairs):
        return "{" + ", ".join(f"{json.dumps(key)}{space}: {written(each, space)}" for key, each in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(each, space) for each in value) + "]"
    return json.dumps(value)


def has_twice(value: Any) -> bool:
    inner = [each for _, each in value] if isinstance(value, Pairs) else value if isinstance(value, list) else []
    mine = isinstance(value, Pairs) and len({key for key, _ in value}) < len(value)
    return mine or any(map(has_twice, inner))


@given(VALUES, st.sampled_from(["", " ", "\n", "  "]))
def test_every_repeated_key_is_found(value: Any, space: str) -> None:
    text = f'{{"a"{space}: {written(value, space)}}}'
    row = json_row(text)
    assert isinstance(row, Unreadable) == has_twice(value)
    assert not isinstance(row, Unreadable) or (row.message == f"has the key `{repeated_in(text)}` twice")
    assert isinstance(row, Unreadable) or row == json.loads(text)
