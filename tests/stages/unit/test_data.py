"""Rows from files, folders and formats: the same rows in every format, and every fault with its place."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from runtime.contract.blocks import DataBlock
from runtime.contract.digests import content_digest
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes
from runtime.data.examples import sft_examples
from runtime.data.rows import Source, read_rows, read_sources

TURNS = [{"role": "user", "content": '有多少歌手？\u2028 "a", b'}]
ANSWER = [{"role": "assistant", "content": "SELECT 1"}]
ROWS: list[dict[str, Any]] = [
    {"prompt": TURNS, "completion": ANSWER, "cluster": "一"},
    {"prompt": [{"role": "system", "content": "[简短]"}, *TURNS], "completion": ANSWER},
]


def as_jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, sorted({name for row in rows for name in row}))
    writer.writeheader()
    for row in rows:
        writer.writerow({k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in row.items()})
    return b"\xef\xbb\xbf" + stream.getvalue().encode()


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow
    from pyarrow import parquet

    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
    return bytes(sink.getvalue())


FORMATS = {"a.jsonl": as_jsonl, "a.csv": as_csv, "a.parquet": as_parquet}


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    for name in ("models", "data", "outputs"):
        (tmp_path / name).mkdir()
    return Volumes(models=tmp_path / "models", data=tmp_path / "data", outputs=tmp_path / "outputs")


def write(volumes: Volumes, name: str, content: bytes) -> Path:
    path = volumes.data / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def block(volumes: Volumes, path: str, rows: int, shape: str = "prompt-completion", **more: Any) -> DataBlock:
    """The block of a file as it is; of a folder, of the lines of its files in the order of their names."""
    at = volumes.data / path
    content = at.read_bytes() if at.is_file() else folder_lines(at)
    digest = content_digest(content)
    return DataBlock.model_validate({"path": path, "shape": shape, "sha256": digest, "rows": rows} | more)


def folder_lines(folder: Path) -> bytes:
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*") if path.is_file())
    return "".join(f"{name}\0{content_digest((folder / name).read_bytes())}\n" for name in files).encode()


def problem(volumes: Volumes, *blocks: DataBlock) -> tuple[str, str]:
    with pytest.raises(StageError) as caught:
        read_sources(blocks, volumes)
    assert caught.value.problem.hint
    return caught.value.problem.code, caught.value.problem.message


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_holds_the_same_rows(volumes: Volumes, name: str) -> None:
    write(volumes, name, FORMATS[name](ROWS))
    assert read_rows([block(volumes, name, 2)], volumes) == ROWS


@pytest.mark.parametrize("name", FORMATS)
def test_empty_values_are_missing_and_brackets_may_be_text(volumes: Volumes, name: str) -> None:
    rows = [
        {"id": "1", "prompt": "[1, 2]", "fix": "3", "answer": "[4]", "class": "sporadic"},
        {"id": "2", "prompt": "[1, 2] 求和", "fix": "3"},
    ]
    write(volumes, name, FORMATS[name](rows))
    assert read_rows([block(volumes, name, 2, "badcase")], volumes) == rows


def test_a_folder_is_read_in_the_order_of_its_paths_whatever_the_formats(volumes: Volumes) -> None:
    names = {"训练/b.csv": as_csv, "训练/a/z.parquet": as_parquet, "训练/a.jsonl": as_jsonl}
    for index, (name, write_as) in enumerate(names.items()):
        write(volumes, name, write_as([{"prompt": f"p{index}", "completion": "c"}]))
    whole = block(volumes, "训练", 3)
    write(volumes, "训练/.hidden.jsonl", b"x")
    write(volumes, "训练/_old.jsonl", b"x")
    write(volumes, "训练/a/.ipynb_checkpoints/x.csv", b"x")
    write(volumes, "训练/_README.md", b"x")
    assert [row["prompt"] for row in read_rows([whole], volumes)] == ["p2", "p1", "p0"]
    (volumes.data / "训练" / "b.csv").rename(volumes.data / "训练" / "c.csv")
    code, message = problem(volumes, whole)
    assert (code, "`训练` has sha256" in message) == ("RUN711", True)


def test_blocks_are_read_in_order_and_all_their_faults_are_reported(volumes: Volumes) -> None:
    write(volumes, "a.jsonl", as_jsonl(ROWS))
    write(volumes, "b.jsonl", as_jsonl([{"prompt": "p", "completion": "c"}]))
    blocks = [block(volumes, "b.jsonl", 1), block(volumes, "a.jsonl", 2)]
    assert [len(source.rows) for source in read_sources(blocks, volumes)] == [1, 2]
    write(volumes, "a.jsonl", as_jsonl([{"prompt": "p"}]))
    write(volumes, "b.csv", b'prompt,completion\n"two\nlines",c\n\np,c,d\n')
    write(volumes, "c.parquet", as_parquet([{"prompt": "p"}]))
    names = ("a.jsonl", "b.csv", "c.parquet")
    code, message = problem(volumes, *(block(volumes, name, 2) for name in names))
    assert code == "RUN710"
    assert message.startswith(
        "2 rows: `completion` is missing (it must be text, or a list of one turn of the `assistant`)"
    )
    assert ", first in a.jsonl:1 (" in message
    assert "; b.csv:5: has 3 cells, but the header has 2, separated by `,` (" in message


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.csv", b'prompt,completion\np,c\n"open', "a.csv:3: is not CSV"),
        ("a.csv", b"prompt,prompt\n", "a.csv:1: has two columns `prompt`"),
        ("a.csv", b"prompt,completion\n\xff,c\n", "a.csv:2: is not UTF-8 text (byte 1 of the line)"),
        ("a.csv", b"prompt,completion\np," + b"x" * (5 << 20), "a.csv: holds a row that is too large: line 2"),
        ("a.parquet", b"PAR1 and then no more", "a.parquet: is not Parquet"),
    ],
)
def test_broken_files(volumes: Volumes, name: str, content: bytes, text: str) -> None:
    write(volumes, name, content)
    code, message = problem(volumes, block(volumes, name, 1))
    assert code == "RUN710"
    assert text in message


def test_formats_links_and_empty_folders_that_are_refused(volumes: Volumes, tmp_path: Path) -> None:
    write(volumes, "a.xlsx", as_jsonl(ROWS))
    assert problem(volumes, block(volumes, "a.xlsx", 2)) == ("RUN715", "the format of `a.xlsx` is unknown")
    (volumes.data / "empty").mkdir()
    assert problem(volumes, block(volumes, "empty", 0))[0] == "RUN712"
    (tmp_path / "secret.jsonl").write_bytes(as_jsonl(ROWS))
    (volumes.data / "empty" / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    code, message = problem(volumes, block(volumes, "empty", 2))
    assert (code, "`empty/link.jsonl` is a link that leads out" in message) == ("RUN721", True)


def test_classes_that_are_left_out_still_count_as_rows(volumes: Volumes) -> None:
    rows = [{"id": f"{i}", "prompt": "p", "fix": "f", "class": name} for i, name in enumerate(("flow-control", ""))]
    write(volumes, "a.jsonl", as_jsonl(rows))
    some = block(volumes, "a.jsonl", 2, "badcase", exclude_classes=["flow-control"])
    (source,) = read_sources([some], volumes)
    assert ([row["id"] for row in source.rows], source.places, source.excluded) == (["1"], ["a.jsonl:2"], 1)
    every = block(volumes, "a.jsonl", 2, "badcase", exclude_classes=["flow-control", "undetermined"])
    code, message = problem(volumes, every)
    assert code == "RUN712"
    assert message == "no row remains: all 2 have the class `flow-control` or the class `undetermined`"
    assert problem(volumes, block(volumes, "a.jsonl", 1, "badcase", exclude_classes=["flow-control"]))[0] == "RUN711"


@pytest.mark.parametrize("name", FORMATS)
def test_prompts_have_no_keys_for_training(volumes: Volumes, name: str) -> None:
    """Other trainers than SFT hand the turns to a chat template or a teacher as they are."""
    said = {"role": "assistant", "content": "hm"}
    rows = [
        {"prompt": [*TURNS, said | step, *TURNS], "chosen": ANSWER, "rejected": [said]}
        for step in ({"train": False}, {"verdict": "wrong"}, {"verdict": "right", "train": True})
    ]
    write(volumes, name, FORMATS[name](rows))
    read = read_rows([block(volumes, name, 3, "preference")], volumes)
    assert [row["prompt"] for row in read] == [[*TURNS, said, *TURNS]] * 3


def test_rows_are_left_out_by_kind_and_component(volumes: Volumes) -> None:
    labels = [{"kind": "loop"}, {"kind": "hotel", "component": "retriever"}, {"kind": "hotel"}, {"class": "systemic"}]
    rows = [{"id": f"{i}", "prompt": "p", "fix": "f"} | each for i, each in enumerate(labels)]
    write(volumes, "a.jsonl", as_jsonl(rows))
    out = [{"kind": "loop"}, {"component": "retriever"}, {"class": "systemic", "kind": ""}]
    (source,) = read_sources([block(volumes, "a.jsonl", 4, "badcase", exclude_labels=out)], volumes)
    assert ([row["id"] for row in source.rows], source.excluded) == (["2"], 3)
    every = block(volumes, "a.jsonl", 4, "badcase", exclude_labels=[{"kind": "hotel"}, *out])
    code, message = problem(volumes, every)
    assert code == "RUN712"
    assert "the class `systemic` and no kind or the component `retriever` or the kind `hotel`" in message


def test_rows_of_an_earlier_stage_come_from_the_outputs_volume(volumes: Volumes) -> None:
    made = DataBlock.model_validate(
        {"path": "sample-1/rows.jsonl", "shape": "messages", "sha256": None, "rows": None, "volume": "outputs"}
    )
    assert problem(volumes, made) == ("RUN722", "`sample-1/rows.jsonl` is missing under `TRAINSPEC_OUTPUTS`")
    (volumes.outputs / "sample-1").mkdir()
    rows = [{"messages": [*TURNS, *ANSWER]}]
    (volumes.outputs / "sample-1" / "rows.jsonl").write_bytes(as_jsonl(rows))
    assert read_rows([made], volumes) == rows
    (volumes.outputs / "sample-1" / "rows.jsonl").write_bytes(b"")
    assert problem(volumes, made)[0] == "RUN712"


@pytest.mark.parametrize(
    "change",
    [
        {"volume": "outputs"},
        {"sha256": None, "rows": None},
        {"rows": None},
        {"shape": "messages", "exclude_classes": ["flow-control"]},
        {"exclude_classes": ["flow control"]},
        {"shape": "messages", "exclude_labels": [{"kind": "loop"}]},
        {"exclude_labels": [{}]},
        {"volume": "models"},
        {"path": "../a.jsonl"},
    ],
)
def test_blocks_that_do_not_fit_together(change: dict[str, Any]) -> None:
    good = {"path": "a.jsonl", "shape": "badcase", "sha256": "0" * 64, "rows": 1, "uri": "s3://bucket/a.jsonl"}
    DataBlock.model_validate(good)
    with pytest.raises(ValueError, match="validation error"):
        DataBlock.model_validate(good | change)


def source(path: str, shape: str, *rows: dict[str, Any]) -> Source:
    made = DataBlock.model_validate({"path": path, "shape": shape, "sha256": "0" * 64, "rows": len(rows)})
    return Source(block=made, rows=list(rows), places=[f"{path}:{n}" for n, _ in enumerate(rows, start=1)], excluded=0)


def test_rows_of_all_shapes_become_examples_of_answers() -> None:
    system, user, more = ({"role": role, "content": role} for role in ("system", "user", "tool"))
    talk = {"messages": [system, user, *ANSWER, more, *ANSWER], "tools": [{"function": {"name": "f"}}]}
    chain = {"prompt": TURNS, "chain": "1 + 1 = 2", "completion": ANSWER}
    single, conversation, reasoned = sft_examples(
        [source("p", "prompt-completion", ROWS[0]), source("m", "messages", talk), source("c", "chain", chain)],
        "Answer:",
    )
    assert (single.turns, single.first, single.place) == ([*TURNS, *ANSWER], 1, "p:1")
    assert (conversation.turns, conversation.first, conversation.tools) == (talk["messages"], 0, talk["tools"])
    assert reasoned.turns is not None
    assert reasoned.turns[-1]["content"] == f"1 + 1 = 2\nAnswer: {ANSWER[0]['content']}"
    plain = source("t", "chain", {"prompt": "几？", "chain": "先想", "completion": "二"})
    assert [each.answer for each in sft_examples([plain], "答案：")] == ["先想\n答案：二"]
    assert [each.answer for each in sft_examples([plain], "答案：", chains=False)] == ["答案：二"]


def test_thoughts_reach_the_chat_template() -> None:
    thinking = [{**ANSWER[0], "reasoning_content": "count them"}]
    talk, single = sft_examples(
        [
            source("m", "messages", {"messages": [*TURNS, *thinking]}),
            source("p", "prompt-completion", {"prompt": TURNS, "completion": thinking}),
        ],
        None,
    )
    assert talk.turns == single.turns == [*TURNS, *thinking]


def test_plain_text_and_turns_are_not_trained_together() -> None:
    plain = source("plain.csv", "prompt-completion", {"prompt": "p", "completion": "c"})
    turns = source("turns.csv", "prompt-completion", ROWS[0])
    for other in (turns, source("m", "messages", {"messages": [*TURNS, *ANSWER]})):
        with pytest.raises(StageError, match=r"`plain.csv` are plain text, but those of `.*` are turns") as caught:
            sft_examples([plain, other], None)
        assert caught.value.problem.code == "RUN716"


CALL = {"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}


@pytest.mark.parametrize(
    ("turn", "text"),
    [
        ({"role": "user", "content": "x", "tool_calls": [CALL]}, "`messages[0].tool_calls` is no key of a turn of the"),
        (
            {"role": "user", "content": "x", "tool_call_id": "y"},
            "`messages[0].tool_call_id` is no key of a turn of the",
        ),
        ({"role": "assistant"}, "`messages[0]` has no `content`"),
        ({"role": "assistant", "content": None}, "`messages[0]` has no `content`"),
        ({"role": "assistant", "tool_calls": []}, "`messages[0]` has no `content`"),
        ({"role": "assistant", "content": "x", "tool_calls": "f(1)"}, "is text that is not a list of calls in JSON"),
        ({"role": "assistant", "tool_calls": [{"f": 1}]}, "`messages[0].tool_calls[0]` is not a call of a function"),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "[1]"}}]},
            "`messages[0].tool_calls[0].function.arguments` is text that is not an object in JSON: found `[1]`",
        ),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": [1]}}]},
            "`messages[0].tool_calls[0].function.arguments` is a list, not an object: found `[1]`",
        ),
        ({"role": "tool", "content": "x", "tool_call_id": 7}, "`messages[0].tool_call_id` is not text: found a number"),
    ],
)
def test_turns_that_call_tools_wrongly(volumes: Volumes, turn: dict[str, Any], text: str) -> None:
    write(volumes, "a.jsonl", as_jsonl([{"messages": [turn, *ANSWER]}]))
    code, message = problem(volumes, block(volumes, "a.jsonl", 1, "messages"))
    assert code == "RUN710"
    assert text in message
