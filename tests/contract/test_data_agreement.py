"""The runtime accepts every row that the compiler accepts, so a bad row fails before its Job starts."""

import hashlib
import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from compiler.spec.data.sources import read_source
from runtime.contract.blocks import DataBlock
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes
from runtime.data.rows import read_rows

EXAMPLES = 300
COLUMNS = {
    "prompt-completion": ("prompt", "completion"),
    "messages": ("messages",),
    "preference": ("prompt", "chosen", "rejected"),
    "badcase": ("id", "prompt", "fix", "answer", "class", "kind", "component"),
    "evaluation": ("id", "prompt", "reference"),
}
TEXT = st.sampled_from(["", " ", "\u3000", "退款", "[1]", "critical"])
CALL = st.sampled_from(
    [
        {"type": "function", "function": {"name": "退", "arguments": {"单号": 1}}},
        {"function": {"name": "退", "arguments": {}}, "id": "1"},
        {"function": {"name": "退", "arguments": "{}"}},
        {"function": {"name": "", "arguments": {}}},
        {"type": "custom", "function": {"name": "退", "arguments": {}}},
        {"name": "退", "arguments": {}},
        "退",
        None,
    ]
)
TURN = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "assistant", "system", "tool", "owner"])},
    optional={
        "content": TEXT | st.none(),
        "name": TEXT | st.none(),
        "tool_call_id": st.sampled_from(["1", "", 1]),
        "tool_calls": st.lists(CALL, max_size=2) | st.none(),
        "train": st.sampled_from([True, False, None, 0, "no"]),
        "verdict": st.sampled_from(["right", "wrong", None, "good", True, []]),
    },
)
TALK = st.lists(TURN, min_size=1, max_size=3)
TOOLS = st.sampled_from(
    [None, [], [{"function": {"name": "退"}}], [{"name": "退"}], [{"function": {"name": 1}}], {}, "x"]
)
BAD = (
    st.none()
    | TEXT
    | st.lists(TURN, max_size=3)
    | st.sampled_from([0, 1.5, True, [], {}, ["退款"], [[]], {"role": "user"}])
)
USER, ANSWER = {"role": "user", "content": "退款"}, {"role": "assistant", "content": "好"}
CALLING = {"role": "assistant", "tool_calls": [{"function": {"name": "退", "arguments": {}}}]}
GOOD: dict[str, list[Any]] = {
    "prompt": ["q", [USER], [USER, ANSWER, USER]],
    "kind": ["酒店早餐", None, ""],
    "component": ["retriever", None, ""],
    "images": [["a.png"], [], None, "a.png", "a lamp", 2],
    "messages": [
        [USER, ANSWER | {"train": False}],
        [USER, ANSWER | {"verdict": "wrong"}, USER, ANSWER],
        [USER, ANSWER],
        [USER, ANSWER, USER],
        [USER, CALLING, {"role": "tool", "content": "1"}],
    ],
    "id": ["1", "2", "3", "4"],
    "class": ["systemic", None, ""],
    "answer": ["a", None, ""],
    "cluster": ["一", None, ""],
    "tools": [None, [{"type": "function", "function": {"name": "退"}}]],
    "fix": ["f"],
    "reference": ["r"],
}


def column(name: str) -> st.SearchStrategy[Any]:
    """A value that is almost always valid for the column on its own."""
    good = GOOD.get(name, ["a", [ANSWER]])
    bad = {"messages": BAD | TALK, "tools": TOOLS}.get(name, BAD)
    return st.integers(0, 11).flatmap(lambda dice: bad if dice == 0 else st.sampled_from(good))


SOURCES = st.sampled_from(sorted(COLUMNS)).flatmap(
    lambda shape: st.tuples(
        st.just(shape),
        st.lists(
            st.fixed_dictionaries(
                {name: column(name) for name in COLUMNS[shape]},
                optional={"cluster": column("cluster"), "tools": column("tools"), "images": column("images")},
            ),
            min_size=1,
            max_size=2,
        ),
    )
)


@given(source=SOURCES)
@example(source=("prompt-completion", [{"prompt": [USER], "completion": [ANSWER]}]))
@example(source=("prompt-completion", [{"prompt": "q", "completion": "a"}, {"prompt": [USER], "completion": [ANSWER]}]))
@example(source=("preference", [{"prompt": [USER], "chosen": [USER, ANSWER], "rejected": [USER, ANSWER]}]))
@example(source=("messages", [{"messages": [USER, CALLING], "tools": [{"function": {"name": "退"}}]}]))
@example(source=("prompt-completion", [{"prompt": "q", "completion": "a", "tools": [{"function": {"name": "退"}}]}]))
@example(source=("badcase", [{"id": "1", "prompt": "q", "fix": "f", "answer": " ", "class": None}]))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=EXAMPLES,
)
def test_both_accept_the_same_rows(source: tuple[str, list[dict[str, Any]]], tmp_path: Path) -> None:
    shape, rows = source
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    outcome = read_source(path, path.name, name="s", relative=path.name, shape=shape)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    block = {"path": path.name, "shape": shape, "sha256": digest, "rows": len(rows)}
    try:
        read = read_rows([DataBlock.model_validate(block)], Volumes(models=tmp_path, data=tmp_path, outputs=tmp_path))
    except StageError:
        read = None
    event(f"taken: {read is not None}")
    if outcome.value is not None:
        assert read is not None
    elif read is not None:  # the runtime passes over what nobody filled in, and leaves the classes to the compiler
        assert all(found.message.startswith(("`class`", "`answer`")) for found in outcome.diagnostics)
