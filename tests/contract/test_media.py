"""Images, audio, video and files in rows, by name and value; texts about them, counts and ids are none."""

import json
from pathlib import Path
from typing import Any

import pytest

from compiler.spec.data.sources import read_source
from runtime.contract.blocks import DataBlock
from runtime.contract.data.media import media_fault, media_name
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes
from runtime.data.rows import read_rows

ANSWER = {"role": "assistant", "content": "7"}


def talk(content: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content, **more}, ANSWER]


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ({"images": ["a.png"], "messages": talk("<image>?")}, "images"),
        ({"images": [{"bytes": "x", "path": None}]}, "images"),
        ({"images": '["a.png"]'}, "images"),
        ({"image": "scans/第 1 页.JPG"}, "image"),
        ({"image": "data:image/png;base64,iVBOR"}, "image"),
        ({"image": "iVBORw0KGgo" * 40}, "image"),
        ({"image": {"bytes": b"1", "path": None}}, "image"),
        ({"image": "s3://bucket/scan/7"}, "image"),
        ({"image": "a scan of page 3", "prompt": "<image> What is the total?"}, "image"),
        ({"image": 7, "prompt": "<img> What is the total?"}, "image"),
        ({"image": b"\x89PNG"}, "image"),
        ({"images_path": "scans/7"}, "images_path"),
        ({"imagePath": "scans/7"}, "imagePath"),
        ({"image_url": "https://example.com/7"}, "image_url"),
        ({"image_1": "scans/7"}, "image_1"),
        ({"pixel_values": [[0.5]]}, "pixel_values"),
        ({"multi_modal_data": {"image": ["x"]}}, "multi_modal_data"),
        ({"audio": "call.wav"}, "audio"),
        ({"audios": [[0.1, 0.2]]}, "audios"),
        ({"video": "clip.mp4?t=1"}, "video"),
        ({"图片": "发票1.png"}, "图片"),
        ({"视频路径": "clips/7"}, "视频路径"),
        ({"filename": "a.png", "prompt": "<|image_pad|> What is it?"}, "filename"),
        ({"messages": talk([{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": "x"}}])}, ""),
        ({"messages": talk([{"image": "a.png"}, {"text": "?"}])}, ""),
        ({"messages": talk([{"type": "input_audio", "input_audio": {}}])}, ""),
        ({"messages": talk([{"type": "file", "file": {}}])}, ""),
        ({"messages": talk("?", images=["a.png"])}, ""),
        ({"prompt": [{"type": "image", "image": "a.png"}, {"type": "text", "text": "?"}]}, ""),
    ],
)
def test_media_is_found_wherever_it_lies(row: dict[str, Any], place: str) -> None:
    found = media_fault(row)
    assert found is not None
    assert found[0] == place or (not place and "[0]" in found[0])
    assert "not supported" in found[1]


@pytest.mark.parametrize(
    "row",
    [
        {"image_caption": "a blue lamp, see lamp.png"},
        {"image_caption": "lamp.png"},
        {"filename": "lamp.png"},
        {"path": "docs/lamp.pdf", "file": "a.pdf", "files": ["a.png"]},
        {"image": "a blue lamp on a table"},
        {"image": "蓝色的灯"},
        {"image": None},
        {"image": ""},
        {"image": "none"},
        {"image": {"bytes": None, "path": None}},
        {"images": []},
        {"images": 3},
        {"image": False},
        {"image_id": "7", "image_size": [4, 4], "video_title": "x", "photo_credit": "y", "图片描述": "a.png"},
        {"imagery": "vivid", "videographer": "Li", "imagined": ["x"]},
        {"prompt": "Write HTML with <video> and <img src='a.png'>", "completion": "<img src='a.png'>"},
        {"prompt": "What does <image> mean?", "note": "asked about a.png twice"},
        {"messages": talk("Which type is {'type': 'image'}?")},
        {"tools": [{"type": "function", "function": {"name": "image", "parameters": {}}}]},
        {
            "messages": [
                *talk("?"),
                {"role": "assistant", "tool_calls": [{"function": {"arguments": {"image": "a.png"}}}]},
            ]
        },
        {"components": [{"type": "image"}]},
    ],
)
def test_texts_about_media_are_rows_like_others(row: dict[str, Any]) -> None:
    assert media_fault(row) is None


def test_parts_that_are_all_text_are_left_to_the_check_of_turns() -> None:
    assert media_fault({"messages": talk([{"type": "text", "text": "?"}])}) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [("images", "image"), ("inputAudio", "audio"), ("video_urls", "video"), ("image_alt", None), ("caption", None)],
)
def test_the_kind_of_a_column_is_in_its_name(name: str, kind: str | None) -> None:
    found = media_name(name)
    assert (found[0] if found else None) == kind


def test_both_sides_refuse_rows_with_images_once(tmp_path: Path) -> None:
    rows = [{"images": [f"{n}.png"], "messages": talk(f"<image> {n}?")} for n in range(30)]
    rows += [{"messages": talk([{"type": "text", "text": "?"}] * n + [{"type": "image"}])} for n in range(3)]
    path = tmp_path / "rows.jsonl"
    path.write_text("{}\n" + "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    outcome = read_source(path, "rows.jsonl", name="s", relative="rows.jsonl", shape="messages")
    other, columns, parts = outcome.diagnostics
    assert (columns.code, columns.location.line) == ("CHK236", 2)
    assert columns.message.startswith("30 rows: `images`: images are not supported")
    assert columns.message.endswith(", first in row 2")
    assert "remove the column" in columns.hint
    assert (parts.code, parts.location.line, "3 rows: `messages[].content[]`" in parts.message) == ("CHK236", 32, True)
    assert other.code == "CHK203"
    block = DataBlock.model_validate(
        {"path": "rows.jsonl", "shape": "messages", "sha256": None, "rows": None, "volume": "outputs"}
    )
    with pytest.raises(StageError) as caught:
        read_rows([block], Volumes(models=tmp_path, data=tmp_path, outputs=tmp_path))
    problem = caught.value.problem
    assert problem.code == "RUN710"
    assert problem.message.count("not supported") == 2
    assert "30 rows: `images`: images are not supported" in problem.message
    assert ", first in rows.jsonl:2 (remove the column" in problem.message


def test_an_image_of_parquet_is_refused_by_both(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    rows = [{"prompt": "q", "completion": "a", "image": {"bytes": b"\x89PNG\xff", "path": None}}] * 2
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "rows.parquet")
    outcome = read_source(
        tmp_path / "rows.parquet", "rows.parquet", name="s", relative="rows.parquet", shape="prompt-completion"
    )
    (found,) = outcome.diagnostics
    assert (found.code, found.message.startswith("2 rows: `image`: images are not supported")) == ("CHK236", True)
    block = DataBlock.model_validate(
        {"path": "rows.parquet", "shape": "prompt-completion", "sha256": None, "rows": None, "volume": "outputs"}
    )
    with pytest.raises(StageError, match=r"2 rows: `image`: images are not supported.*, first in rows\.parquet row 1"):
        read_rows([block], Volumes(models=tmp_path, data=tmp_path, outputs=tmp_path))
