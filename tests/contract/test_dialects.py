"""Rows in the dialects that people write: what each means as a native row, and that native rows stay as they are."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.contract.data.dialects import native_row
from runtime.contract.data.faults import RowFault

Row = dict[str, Any]
USER: Row = {"role": "user", "content": "q"}
ANSWER: Row = {"role": "assistant", "content": "a"}
OTHER: Row = {"role": "assistant", "content": "b"}
CALL: Row = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"id": 1}}}
TOOL: Row = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
CALLING: Row = {"role": "assistant", "tool_calls": [CALL]}
RESULT: Row = {"role": "tool", "tool_call_id": "c1", "content": "ok"}
PAIR: Row = {"prompt": [USER], "chosen": [ANSWER], "rejected": [OTHER]}


def in_words(call: Row) -> Row:
    return {**call, "index": 0, "function": {"name": "f", "arguments": json.dumps(call["function"]["arguments"])}}


def says(who: str, text: Any) -> Row:
    return {"from": who, "value": text}


@pytest.mark.parametrize(
    ("row", "native"),
    [
        # OpenAI
        ({"messages": [USER, {**CALLING, "content": None, "refusal": None, "tool_calls": [in_words(CALL)]}, RESULT, ANSWER]},
         {"messages": [USER, CALLING, RESULT, ANSWER]}),
        ({"messages": [{"role": "developer", "content": "s"}, {**USER, "name": "Li"}, {**ANSWER, "annotations": []}]},
         {"messages": [{"role": "system", "content": "s"}, USER, ANSWER]}),
        ({"messages": [{**USER, "content": [{"type": "text", "text": "q"}]}, {**ANSWER, "weight": 0}, USER, {**OTHER, "weight": 1}]},
         {"messages": [USER, {**ANSWER, "train": False}, USER, {**OTHER, "train": True}]}),
        ({"messages": [USER, {"role": "assistant", "function_call": {"name": "f", "arguments": '{"id": 1}'}},
                       {"role": "function", "name": "f", "content": "1"}, ANSWER], "functions": [TOOL["function"]]},
         {"messages": [USER, {"role": "assistant", "tool_calls": [{"type": "function", "function": CALL["function"]}]},
                       {"role": "tool", "name": "f", "content": "1"}, ANSWER], "tools": [TOOL]}),
        *[({"messages": [USER, {**ANSWER, key: "hm"}]}, {"messages": [USER, {**ANSWER, "reasoning_content": "hm"}]})
          for key in ("reasoning_content", "reasoning", "thinking")],
        # ShareGPT, LLaMA-Factory, Axolotl, FastChat
        ({"conversations": [says("human", "q"), says("gpt", "a")], "system": "s", "id": "x"},
         {"messages": [{"role": "system", "content": "s"}, USER, ANSWER], "id": "x"}),
        ({"conversation": [{**says("human", "q"), "train": False}, {**says("model", "a"), "train": True}]},
         {"messages": [USER, {**ANSWER, "train": True}]}),
        ({"conversations": [says("human", "q"), says("function_call", '{"name": "f", "arguments": {"id": 1}}'),
                            says("observation", "1"), says("gpt", "a")], "tools": json.dumps([TOOL["function"]])},
         {"messages": [USER, {"role": "assistant", "tool_calls": [{"type": "function", "function": CALL["function"]}]},
                       {"role": "tool", "content": "1"}, ANSWER], "tools": [TOOL]}),
        ({"conversations": [says("USER", "q"), {"role": "assistant", "tool_calls": [CALL]}, says("FUNCTION RESPONSE", "1"), says("ASSISTANT", "a")]},
         {"messages": [USER, CALLING, {"role": "tool", "content": "1"}, ANSWER]}),
        ({"messages": [USER, ANSWER], "system_prompt": "s"}, {"messages": [{"role": "system", "content": "s"}, USER, ANSWER]}),
        ({"messages": [USER, ANSWER], "system_prompt": "", "system": None}, {"messages": [USER, ANSWER]}),
        ({"messages": [says("human", "q"), says("gpt", "a")], "system": ""}, {"messages": [USER, ANSWER]}),
        ({"messages": [{**USER, "content": [{"type": "text", "value": "q"}], "loss_weight": 0.0},
                       {"role": "assistant", "content": [{"type": "reasoning", "value": "hm"}, {"type": "text", "value": "a"}], "loss_weight": 1.0},
                       {**USER, "content": [{"type": "text", "value": "q"}]},
                       {"role": "assistant", "content": [{"type": "reasoning", "value": "so"}, {"type": "tool_call", "value": '{"name": "f", "arguments": {"id": 1}}'}]}]},
         {"messages": [USER, {**ANSWER, "train": True, "reasoning_content": "hm"}, USER,
                       {"role": "assistant", "content": "", "reasoning_content": "so", "tool_calls": [{"type": "function", "function": CALL["function"]}]}]}),
        # Alpaca
        ({"instruction": "q", "input": "", "output": "a"}, {"messages": [USER, ANSWER]}),
        ({"instruction": "sum up", "input": "text", "output": "a", "history": [["q", "a"]], "system": "s"},
         {"messages": [{"role": "system", "content": "s"}, USER, ANSWER, {"role": "user", "content": "sum up\ntext"}, ANSWER]}),
        # tables
        ({"messages": [{**USER, "tool_calls": None, "name": None},
                       {"role": "assistant", "content": None, "tool_calls": [{**CALL, "function": {"name": "f", "arguments": {"id": 1, "x": None}}}]},
                       RESULT, ANSWER],
          "tools": [{**TOOL, "function": {**TOOL["function"], "description": None}}]},
         {"messages": [USER, CALLING, RESULT, ANSWER], "tools": [TOOL]}),
        ({"messages": [json.dumps(USER), json.dumps(ANSWER)], "tools": [json.dumps(TOOL)]}, {"messages": [USER, ANSWER], "tools": [TOOL]}),
        ({"messages": json.dumps([USER, ANSWER]), "tools": json.dumps([TOOL])}, {"messages": [USER, ANSWER], "tools": [TOOL]}),
        ({"messages": {"role": ["user", "assistant"], "content": ["q", "a"]}}, {"messages": [USER, ANSWER]}),
        ({"messages": str([USER, ANSWER])}, {"messages": [USER, ANSWER]}),
        ({"messages": f"[{USER}\n {ANSWER}]"}, {"messages": [USER, ANSWER]}),
        ({"messages": f"array([{USER},\n       {ANSWER}], dtype=object)", "tools": float("nan")}, {"messages": [USER, ANSWER]}),
    ],
)  # fmt: skip
def test_a_conversation_means_the_same_in_every_dialect(row: Row, native: Row) -> None:
    assert native_row(row, "messages") == native


@pytest.mark.parametrize(
    ("shape", "row", "native"),
    [
        ("prompt-completion", {"messages": [USER, ANSWER]}, {"prompt": [USER], "completion": [ANSWER]}),
        ("prompt-completion", {"prompt": str([USER]), "completion": str([ANSWER])}, {"prompt": [USER], "completion": [ANSWER]}),
        ("prompt-completion", {"system": "", "prompt": "q", "completion": "a"}, {"prompt": [USER], "completion": [ANSWER]}),
        ("prompt", {"conversations": [says("human", "q"), says("gpt", "a")]}, {"prompt": [USER]}),
        ("chain", {"messages": [USER, {**ANSWER, "reasoning_content": "hm"}]}, {"prompt": [USER], "chain": "hm", "completion": [ANSWER]}),
        ("preference", {"instruction": "q", "output": ["a", "b"]}, PAIR),
        ("preference", {"instruction": "q", "input": "", "chosen": "a", "rejected": "b"}, PAIR),
        ("preference", {"conversations": [says("human", "q")], "chosen": says("gpt", "a"), "rejected": says("gpt", "b")}, PAIR),
        ("preference", {"prompt": "q", "chosen": [USER, ANSWER], "rejected": [USER, OTHER]}, PAIR),
        ("preference", {"prompt": [USER], "chosen": [USER, ANSWER], "rejected": [USER, OTHER]}, PAIR),
        ("preference", {"chosen": [USER, ANSWER], "rejected": [USER, OTHER]}, PAIR),
        ("unpaired-preference", {"instruction": "q", "output": "a", "kto_tag": 1}, {"prompt": [USER], "completion": [ANSWER], "label": True}),
        ("unpaired-preference", {"prompt": "q", "completion": "a", "label": "0"}, {"prompt": "q", "completion": "a", "label": False}),
        ("evaluation", {"id": 7, "messages": [USER, ANSWER]}, {"id": "7", "prompt": [USER], "reference": "a"}),
        ("evaluation", {"id": "x", "instruction": "q", "output": "a"}, {"id": "x", "prompt": [USER], "reference": "a"}),
        ("badcase", {"id": "x", "messages": [USER, OTHER], "fix": ANSWER}, {"id": "x", "prompt": [USER], "fix": "a", "answer": "b"}),
    ],
)  # fmt: skip
def test_a_row_of_any_shape_is_read_from_a_dialect(shape: str, row: Row, native: Row) -> None:
    assert native_row(row, shape) == native


def test_a_row_without_an_id_gets_one_from_its_texts() -> None:
    one, same = (native_row({"prompt": "q", "reference": "r", "note": note}, "evaluation") for note in (1, 2))
    other = native_row({"prompt": "q", "reference": "s"}, "evaluation")
    assert isinstance(one, dict)
    assert isinstance(same, dict)
    assert isinstance(other, dict)
    assert one["id"] == same["id"] != other["id"]


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "[1] which?", "completion": '[{"name": "Li", "role": "buyer"}]'},
        {"prompt": "[INST] q", "completion": "{'role': 1}"},
        {"prompt": '{"a": 1}', "completion": "[]"},
        {"prompt": "[{'from': 'A', 'to': 'B'}] which way?", "completion": "x"},
    ],
)
def test_text_that_is_no_turn_stays_text(row: Row) -> None:
    assert native_row(row, "prompt-completion") == row


def test_results_of_repeated_ids_are_in_order() -> None:
    calling = {"role": "assistant", "tool_calls": [CALL, {**CALL, "id": "c2"}]}
    again = [USER, calling, RESULT, {**RESULT, "tool_call_id": "c2"}, ANSWER]
    same = [USER, {**calling, "tool_calls": [CALL, CALL]}, RESULT, RESULT, ANSWER]
    for turns in (again * 2, same):
        assert native_row({"messages": turns}, "messages") == {"messages": turns}


def test_columns_are_mapped_by_name_and_path() -> None:
    row = {"q.a": "q", "data": {"reply": "a"}, "prompt": "not this", "topic": "t"}
    columns = {"prompt": "q.a", "completion": "data.reply", "cluster": "none"}
    native = native_row(row, "prompt-completion", columns)
    assert native == {"data": {"reply": "a"}, "topic": "t", "prompt": "q", "completion": "a"}
    fault = native_row({"q": "q"}, "prompt-completion", {"prompt": "q", "completion": "data.reply"})
    assert isinstance(fault, RowFault)
    assert fault.message == "`columns.completion` names `data.reply`, which is missing; the row has `q`"


@pytest.mark.parametrize(
    ("chosen", "rejected"),
    [
        ("The sky is blue.", "The sky is green."),
        ("天空是蓝色的", "天空是绿色的"),
        ([USER, ANSWER], [USER, OTHER]),
        ([USER, ANSWER, USER, ANSWER], [USER, ANSWER, USER, OTHER]),
        ([USER, ANSWER], [USER, ANSWER]),
    ],
)
def test_an_implicit_prompt_is_the_one_that_trl_extracts(chosen: Any, rejected: Any) -> None:
    trl = pytest.importorskip("trl.data_utils")
    row = {"chosen": chosen, "rejected": rejected}
    assert native_row(row, "preference") == trl.extract_prompt(row)


@pytest.mark.parametrize(("chosen", "rejected"), [("Paris", "Pisa"), ("abc", "abcd"), ("same", "same")])
def test_letters_that_two_words_share_are_no_prompt(chosen: str, rejected: str) -> None:
    fault = native_row({"chosen": chosen, "rejected": rejected}, "preference")
    assert isinstance(fault, RowFault)
    assert fault.message == "`chosen` and `rejected` answer different prompts"


TEXT = st.text("abc 问{}[]'\"\\\n", min_size=1, max_size=12).filter(str.strip)
ARGUMENTS = st.dictionaries(st.sampled_from("xyz"), st.one_of(st.integers(), TEXT, st.booleans()), max_size=3)
CALLS = st.builds(
    lambda name, arguments: {"type": "function", "function": {"name": name, "arguments": arguments}}, TEXT, ARGUMENTS
)
ROUNDS = st.one_of(
    st.tuples(TEXT, TEXT).map(
        lambda both: [{"role": "user", "content": both[0]}, {"role": "assistant", "content": both[1]}]
    ),
    st.tuples(TEXT, CALLS, TEXT, TEXT).map(
        lambda each: [
            {"role": "user", "content": each[0]},
            {"role": "assistant", "tool_calls": [each[1]]},
            {"role": "tool", "content": each[2]},
            {"role": "assistant", "content": each[3]},
        ]
    ),
)
TALKS = st.builds(
    lambda system, rounds: [*system, *(turn for each in rounds for turn in each)],
    st.lists(TEXT.map(lambda text: {"role": "system", "content": text}), max_size=1),
    st.lists(ROUNDS, min_size=1, max_size=3),
)
NAMES = {"user": "human", "assistant": "gpt", "tool": "observation", "system": "system"}


def as_sharegpt(turns: list[Row]) -> Row:
    def written(turn: Row) -> Row:
        if calls := turn.get("tool_calls"):
            return says("function_call", json.dumps([call["function"] for call in calls]))
        return says(NAMES[turn["role"]], turn["content"])

    return {"conversations": [written(turn) for turn in turns]}


def as_openai(turns: list[Row]) -> Row:
    def written(turn: Row) -> Row:
        calls = [
            {**call, "function": {**call["function"], "arguments": json.dumps(call["function"]["arguments"])}}
            for call in turn.get("tool_calls", [])
        ]
        content = [{"type": "text", "text": turn["content"]}] if turn.get("content") else None
        return {"role": turn["role"], "content": content, "tool_calls": calls or None, "refusal": None}

    return {"messages": [written(turn) for turn in turns]}


RENDERINGS = {
    "ShareGPT": as_sharegpt,
    "OpenAI": as_openai,
    "JSON text": lambda turns: {"messages": json.dumps(turns)},
    "JSON texts": lambda turns: {"messages": [json.dumps(turn) for turn in turns]},
    "Python": lambda turns: {"messages": repr(turns)},
    "NumPy": lambda turns: {"messages": "[" + "\n ".join(map(repr, turns)) + "]"},
    "padded": lambda turns: {
        "messages": [dict.fromkeys(("content", "tool_calls", "name", "weight")) | turn for turn in turns]
    },
}


@pytest.mark.parametrize("dialect", RENDERINGS)
@given(turns=TALKS)
def test_a_native_row_that_is_written_in_a_dialect_reads_back(dialect: str, turns: list[Row]) -> None:
    assert native_row(RENDERINGS[dialect](turns), "messages") == {"messages": turns}


@given(turns=TALKS, more=st.dictionaries(st.sampled_from(("cluster", "note")), TEXT))
def test_a_native_row_is_unchanged(turns: list[Row], more: Row) -> None:
    row = {"messages": turns, **more}
    assert native_row(row, "messages") == row


@given(prompt=TEXT, one=TEXT, other=TEXT)
def test_pairs_of_text_and_alpaca_rows_read_back(prompt: str, one: str, other: str) -> None:
    row = {"prompt": f"x{prompt}", "chosen": f"x{one}", "rejected": f"x{other}"}
    assert native_row(row, "preference") == row
    alpaca = {"instruction": prompt, "input": None, "output": one}
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": one}]
    assert native_row(alpaca, "messages") == {"messages": turns}


@given(row=st.dictionaries(st.sampled_from(("messages", "prompt", "completion", "conversations", "instruction", "tools",
                                            "system", "chosen", "rejected", "history", "label", "functions")),
                           st.recursive(st.one_of(st.none(), st.booleans(), st.floats(), TEXT, st.sampled_from(
                               ("user", "gpt", "[{'role': 'user'", '[{"role": "user", "content": "q"}]'))),
                               lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
                                   ("role", "content", "from", "value", "tool_calls", "function", "name", "arguments",
                                    "type", "weight", "reasoning", "function_call")), inner, max_size=4), max_leaves=12)),
       shape=st.sampled_from(("messages", "prompt-completion", "preference", "evaluation", "badcase", "prompt", "chain",
                              "unpaired-preference", "text")))  # fmt: skip
def test_any_row_is_a_native_row_or_a_fault(row: Row, shape: str) -> None:
    read = native_row(row, shape)
    if isinstance(read, RowFault):
        assert read.hint
        assert read.message
        assert "\n" not in read.message
    else:
        assert native_row(read, shape) == read


def test_two_conversations_in_a_row_are_refused() -> None:
    row = {"messages": [USER, ANSWER], "conversations": [USER, OTHER]}
    fault = native_row(row, "messages")
    assert isinstance(fault, RowFault)
    assert fault.message == "`messages` and `conversations` hold two conversations"
    same = {"messages": [USER, ANSWER], "conversations": [USER, ANSWER]}
    assert native_row(same, "messages")["messages"] == [USER, ANSWER]
