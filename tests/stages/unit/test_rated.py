"""Rows with rated answers, as TRL's trainers are given them."""

import json
from typing import Any

import pytest

from runtime.data.preferences import table_of

pytest.importorskip("datasets")


def row(arguments: Any, **fields: Any) -> dict[str, Any]:
    call = {"type": "function", "function": {"name": "f", "arguments": arguments}}
    prompt = [{"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": [call]}]
    return {"id": "r", "prompt": prompt, "chosen": "好", "rejected": "b", **fields}


@pytest.mark.parametrize(
    "arguments", [[{"a": 1}, {"b": 2}], [{"a": 1}, {"a": "x"}], [{"a": [1]}, {"a": {"b": None}}], [{}, {"键": "值"}]]
)
def test_calls_keep_the_arguments_that_they_have(arguments: list[Any]) -> None:
    rows = [row(each) for each in arguments]
    table = table_of(rows, ("prompt", "chosen", "rejected"))
    for got, given in zip(table, rows, strict=True):
        assert [each.get("tool_calls") for each in got["prompt"]] == [
            each.get("tool_calls") for each in given["prompt"]
        ]
    assert table.column_names == ["prompt", "chosen", "rejected"]


def test_tools_are_json_text_where_a_row_has_some() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    table = table_of([row({}, tools=tools), row({}, tools=[]), row({})], ("prompt", "chosen", "rejected"))
    assert [each["tools"] and json.loads(each["tools"]) for each in table] == [tools, None, None]
