"""The words of each kind of fault, as `trainspec check` and a stage report it; the golden file holds all."""

import json
from pathlib import Path
from typing import Any

import pytest

from compiler.spec.data.sources import read_source
from runtime.contract.blocks import DataBlock
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes
from runtime.data.rows import read_rows

GOLDEN = Path(__file__).parent / "fault-messages.txt"
USER: dict[str, Any] = {"role": "user", "content": "q"}
ANSWER: dict[str, Any] = {"role": "assistant", "content": "a"}


def calls(arguments: Any) -> dict[str, Any]:
    call = {"type": "function", "function": {"name": "f", "arguments": arguments}}
    return {"messages": [USER, {"role": "assistant", "tool_calls": [call]}, ANSWER]}


def results(*ids: str) -> dict[str, Any]:
    made = [{"id": f"c{number}", "function": {"name": "f", "arguments": {}}} for number in (1, 2)]
    answers = [{"role": "tool", "tool_call_id": each, "content": "r"} for each in ids]
    return {"messages": [USER, {"role": "assistant", "tool_calls": made}, *answers, ANSWER]}


FAULTS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "arguments that are no JSON, in many rows": ("messages", [calls({})] * 3 + [calls('{"id":')] * 300),
    "arguments that are a list": ("messages", [calls([1])]),
    "an unknown key of a turn": ("messages", [{"messages": [USER, {**ANSWER, "mood": "calm"}]}]),
    "an unknown role": ("messages", [{"conversations": [{"from": "customer", "value": "q"}]}]),
    "an empty text": ("messages", [{"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": " "}]}]),
    "no answer": ("prompt-completion", [{"messages": [USER, ANSWER, USER]}]),
    "nothing to learn": ("messages", [{"messages": [USER, {**ANSWER, "weight": 0}]}]),
    "a weight of the user": ("messages", [{"messages": [{**USER, "weight": 1}, ANSWER]}]),
    "half a weight": ("messages", [{"messages": [USER, {**ANSWER, "weight": 0.5}]}]),
    "a part that is no text": ("messages", [{"messages": [USER, {**ANSWER, "content": [{"type": "tool_use"}]}]}]),
    "an image": ("messages", [{"messages": [{**USER, "content": [{"type": "image_url", "image_url": "x"}]}, ANSWER]}]),
    "a call that is no JSON": ("messages", [{"conversations": [{"from": "function_call", "value": "f(1)"}]}]),
    "turns that cannot be read": ("prompt-completion", [{"prompt": "[{'role': 'user', 'content'", "completion": "a"}]),
    "two system prompts": ("messages", [{"system": "one", "messages": [{"role": "system", "content": "two"}, USER, ANSWER]}]),
    "tools that are no functions": ("messages", [{"messages": [USER, ANSWER], "tools": [{"type": "search"}]}]),
    "tools of plain text": ("prompt-completion", [{"prompt": "q", "completion": "a", "tools": [{"name": "f"}]}]),
    "other columns": ("prompt-completion", [{"Question": "q", "回答": "a"}] * 2),
    "text beside turns": ("prompt-completion", [{"prompt": [USER], "completion": "a"}]),
    "a number as text": ("evaluation", [{"id": "1", "prompt": "q", "reference": 4}]),
    "another label": ("unpaired-preference", [{"prompt": "q", "completion": "a", "label": "good"}]),
    "different prompts": ("preference", [{"chosen": [USER, ANSWER], "rejected": [{**USER, "content": "z"}, ANSWER]}]),
    "another prompt": ("preference", [{"prompt": "z", "chosen": [USER, ANSWER], "rejected": [USER, {**ANSWER, "content": "b"}]}]),
    "an answer that calls": ("prompt-completion", [{"messages": calls({})["messages"][:2]}]),
    "a history that is no pairs": ("messages", [{"instruction": "q", "output": "a", "history": ["q", "a"]}]),
    "an empty cell": ("prompt-completion", [{"prompt": "q", "completion": None}]),
    "thoughts in two places": ("messages", [{"messages": [USER, {"role": "assistant", "content": "<think>hm</think>a", "reasoning_content": "so"}]}]),
    "thoughts that never end": ("messages", [{"messages": [USER, {**ANSWER, "content": "<think>\nhm, so"}]}] * 2 + [{"messages": [USER, ANSWER]}]),
    "thoughts that never end, in plain text": ("prompt-completion", [{"prompt": "q", "completion": "[THINK]hm, so"}]),
    "results in another order": ("messages", [results("c2", "c1")]),
    "a context beside an instruction": ("messages", [{"instruction": "q", "context": "c", "output": "a"}]),
    "two columns of the system prompt": ("messages", [{"system": "one", "system_prompt": "two", "messages": [USER, ANSWER]}]),
    "characters that break a terminal": ("messages", [{"messages": [USER, {**ANSWER, "\x1b[31m`k": "\x1b[0m`\n" + "x" * 99}]}]),
}  # fmt: skip


def both(folder: Path, shape: str, rows: list[dict[str, Any]]) -> str:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = read_source(path, path.name, name="rows", relative=path.name, shape=shape).diagnostics
    block = {"path": path.name, "shape": shape, "sha256": None, "rows": None, "volume": "outputs"}
    with pytest.raises(StageError) as caught:
        read_rows([DataBlock.model_validate(block)], Volumes(models=folder, data=folder, outputs=folder))
    lines = [f"  check, line {each.location.line}: {each.code} {each.message}\n    hint: {each.hint}" for each in found]
    return "\n".join([*lines, f"  stage: {caught.value.problem.code} {caught.value.problem.message}"])


def test_each_kind_of_fault_has_its_words(tmp_path: Path, update_golden: bool) -> None:
    text = "".join(f"{name}\n{both(tmp_path, *fault)}\n\n" for name, fault in FAULTS.items())
    if update_golden:
        GOLDEN.write_text(text, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == text
