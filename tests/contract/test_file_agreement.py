"""Files as people have them: both sides read the same rows from each, or refuse it and name what it is."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.spec.data.sources import read_source
from runtime.contract.blocks import DataBlock
from runtime.contract.data.text_encoding import bounded_lines, text_lines, text_pieces
from runtime.contract.digests import content_digest
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes
from runtime.data.files import counts_as_data
from runtime.data.rows import read_rows

ROWS = [{"prompt": "退款？", "completion": "三天"}, {"prompt": "a, b; c", "completion": 'two\n"lines"'}]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()
ARRAY = json.dumps(ROWS, ensure_ascii=False, indent=2).encode()
TABLE = 'prompt,completion\n退款？,三天\n"a, b; c","two\n""lines"""\n'
SHAPE = "prompt-completion"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
PAGE = b"\n<!DOCTYPE html>\n<html><body>404</body></html>\n"


def gz(content: bytes) -> bytes:
    """Return the same bytes at any time: names of tests hold them, and both workers must collect the same names."""
    return gzip.compress(content, mtime=0)


def zstd(content: bytes) -> bytes:
    sink = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return bytes(sink.getvalue())


def table(separator: str, end: str = "\n", head: str = "") -> str:
    cells = [["prompt", "completion"], ["退款？", "三天"], ['"a, b; c"', '"two\n""lines"""']]
    return head + "".join(separator.join(row) + "\n" for row in cells).replace("\n", end)


def read_both(
    folder: Path, name: str, encoding: str | None = None, rows: int = len(ROWS)
) -> tuple[Any, list[dict[str, Any]] | StageError]:
    """Return what the compiler makes of a source, and the rows or the error of the runtime."""
    outcome = read_source(folder / name, name, name="s", relative=name, shape=SHAPE, encoding=encoding, inside=folder)
    sha256 = outcome.value.sha256 if outcome.value else None
    if sha256 is None:
        sha256 = content_digest((folder / name).read_bytes()) if (folder / name).is_file() else "0" * 64
    block = {"path": name, "shape": SHAPE, "sha256": sha256, "rows": rows, "encoding": encoding}
    try:
        read = read_rows([DataBlock.model_validate(block)], Volumes(models=folder, data=folder, outputs=folder))
    except StageError as error:
        return outcome, error
    return outcome, read


@pytest.mark.parametrize(
    ("name", "content", "encoding"),
    [
        ("a.JSONL", LINES, None),
        ("a.ndjson", LINES.replace(b"\n", b"\r\n"), None),
        ("a.jsonl", b"\xef\xbb\xbf\n" + LINES.replace(b"\n", b"\n\n  \n"), None),
        ("a.jsonl", LINES.decode().encode("utf-16"), None),
        ("a.jsonl", LINES.decode().encode("gb18030"), "gb18030"),
        ("a.jsonl.gz", gz(LINES), None),
        ("a.JSONL.GZ", gz(LINES[:20]) + gz(LINES[20:]), None),
        ("a.jsonl.zst", zstd(LINES), None),
        ("a.csv.gz", gz(TABLE.encode("gbk")), "gbk"),
        ("a.json", ARRAY, None),
        ("a.json", b"\xef\xbb\xbf" + ARRAY.replace(b"\n", b"\r\n"), None),
        ("a.json", ARRAY.decode().encode("utf-16-be"), "utf-16-be"),
        ("a.json", b'{"version": 1, "data": ' + ARRAY + b', "split": "train"}', None),
        ("a.json", LINES, None),
        ("a.json", b"\n\n".join(json.dumps(row, indent=1).encode() for row in ROWS), None),
        ("a.json", json.dumps({name: {str(at): row[name] for at, row in enumerate(ROWS)} for name in ROWS[0]}).encode(), None),
        ("a.csv", table(";").encode("utf-8-sig"), None),
        ("a.csv", table(";", head="sep=;\n").encode(), None),
        ("a.csv", table("\t").encode("utf-16"), None),
        ("a.csv", table("|").encode(), None),
        ("a.tsv", table("\t").encode(), None),
        ("a.csv", table(",", end="\r\n").encode(), None),
        ("a.csv", table(",", end="\r").encode(), None),
        ("a.csv", table(";", end="\r\n", head="SEP=;\n").encode("big5"), "big5"),
        ("a.csv", ("\n,,\n" + TABLE.replace("\n退", "\n,,,\n , \n退") + ",\n,,,,\n").encode(), None),
        ("a.csv", TABLE.replace("prompt,", "\ufeff prompt\u00a0, ").encode(), None),
        ("a.csv", b",prompt,completion,\n" + f'0,{TABLE.split(chr(10), 1)[1]}'.replace('"""\n', '""",\n').replace(
            "三天\n", "三天,\n1,").encode(), None),
    ],
)  # fmt: skip
def test_both_read_what_people_have(tmp_path: Path, name: str, content: bytes, encoding: str | None) -> None:
    (tmp_path / name).write_bytes(content)
    outcome, rows = read_both(tmp_path, name, encoding)
    assert outcome.value, outcome.diagnostics
    assert outcome.value.rows == len(ROWS)
    assert rows == ROWS


@pytest.mark.parametrize(
    ("name", "content", "encoding", "codes", "texts"),
    [
        ("a.jsonl", POINTER, None, ("CHK237", "RUN706"), ("Git LFS pointer", "git lfs pull")),
        ("a.parquet", POINTER, None, ("CHK237", "RUN706"), ("Git LFS pointer", "git lfs pull")),
        ("a.csv.gz", POINTER, None, ("CHK237", "RUN706"), ("Git LFS pointer", "git lfs pull")),
        ("a.jsonl", PAGE, None, ("CHK237", "RUN706"), ("an HTML or XML page", "download the file again")),
        ("a.csv.gz", gz(PAGE), None, ("CHK237", "RUN706"), ("an HTML or XML page", "download")),
        ("a.csv", b"PK\x03\x04\x14\0", None, ("CHK237", "RUN706"), ("an Excel workbook", "CSV UTF-8")),
        ("a.jsonl", gz(LINES), None, ("CHK237", "RUN706"), ("compressed with gzip", "`.gz`")),
        ("a.jsonl.gz", LINES, None, ("CHK237", "RUN706"), ("is not compressed with gzip", "remove `.gz`")),
        ("a.jsonl.gz", gz(LINES)[:-9], None, ("CHK237", "RUN706"), ("ends in the middle", "again")),
        ("a.jsonl.zst", zstd(LINES)[:-9], None, ("CHK237", "RUN706"), ("ends in the middle", "again")),
        ("a.jsonl", b"", None, ("CHK204", "RUN712"), ("is empty: it has 0 bytes", "again")),
        ("a.csv", TABLE.encode("gb18030"), None, ("CHK203", "RUN710"), ("byte 1 of the line", "encoding: gb18030")),
        ("a.jsonl", b'{"a": "caf\xe9 noir"}', None, ("CHK203", "RUN710"), ("byte 11", "encoding: windows-1252")),
        ("a.jsonl", LINES, "ascii", ("CHK203", "RUN710"), ("is not `ascii` text", "UTF-8")),
        ("a.csv", b"prompt,completion\nq,a\0b\n", None, ("CHK203", "RUN710"), ("NUL", "encoding: utf-16-le")),
        ("a.csv", b"prompt:completion\nq:a\n", None, ("CHK203", "RUN710"), ("prompt", "completion")),
        ("a.csv", b"prompt;completion\nq;a;b\n", None, ("CHK203", "RUN710"), ("separated by `;`", "quotes")),
        ("a.json", ARRAY[:-2], None, ("CHK237", "RUN706"), ("ends in the middle of its JSON", "again")),
        ("a.json", ARRAY.replace(b"},", b"}"), None, ("CHK223", "RUN710"), ("expecting `,` (line 6", "JSON")),
        ("a.json", ARRAY + b"]", None, ("CHK223", "RUN710"), ("extra data", "JSON")),
        ("a.json", b'{"train": [{"a": 1}], "test": [{"a": 1}]}', None, ("CHK223", "RUN710"), ("`train`, `test`", "own")),
        ("a.json", b"[1]", None, ("CHK203", "RUN710"), ("is not a JSON object", "object")),
        ("a.json", b'{"a": {"0": 1}, "b": {"1": 2}}', None, ("CHK223", "RUN710"), ("different indices", 'orient="records"')),
        ("a.json", b'{"columns": [], "index": [], "data": []}', None, ("CHK223", "RUN710"), ('orient="split"', 'orient="records"')),
        ("a.jsonl", ARRAY, None, ("CHK223", "RUN710"), ("holds a JSON list", "`.json`")),
        ("a.jsonl", json.dumps(ROWS[0], indent=1).encode(), None, ("CHK223", "RUN710"), ("over several lines", "`.json`")),
        ("a.csv", TABLE.encode(), "utf-16", ("CHK203", "RUN710"), ("has no byte order mark", "encoding")),
        ("a.xlsx", b"PK\x03\x04", None, ("CHK223", "RUN715"), ("unknown", "`.csv`")),
    ],
)  # fmt: skip
def test_both_name_what_a_file_is(
    tmp_path: Path, name: str, content: bytes, encoding: str | None, codes: tuple[str, str], texts: tuple[str, str]
) -> None:
    (tmp_path / name).write_bytes(content)
    outcome, error = read_both(tmp_path, name, encoding)
    found = outcome.diagnostics[0]
    assert isinstance(error, StageError)
    assert (found.code, error.problem.code) == codes
    for each in (found, error.problem):
        for text in texts:
            assert text in f"{each.message} {each.hint}"


def test_a_folder_of_many_formats_is_read_whole(tmp_path: Path) -> None:
    contents = {"a.jsonl": LINES, "b.jsonl.gz": gz(LINES), "c.JSONL": LINES, "d.json": ARRAY}
    (tmp_path / "rows" / "_old").mkdir(parents=True)
    for name, content in contents.items():
        (tmp_path / "rows" / name).write_bytes(content)
    for name in (".hidden.txt", "_README.md", "_old/x.xlsx"):
        (tmp_path / "rows" / name).write_bytes(b"x")
    outcome, rows = read_both(tmp_path, "rows", rows=8)
    assert outcome.value.rows == 8
    assert rows == ROWS * 4
    assert all(map(counts_as_data, contents))  # the load stage brings these
    assert not any(map(counts_as_data, (".hidden.txt", "_README.md", "_old/x.jsonl", "x.xlsx")))
    for name in ("e.xlsx", "f.txt", "README.md"):
        (tmp_path / "rows" / name).write_bytes(b"x")
    outcome, error = read_both(tmp_path, "rows", rows=8)
    assert outcome.diagnostics[0].code == "CHK223"
    assert "3 files whose format is unknown: `README.md`, `e.xlsx`, `f.txt`" in outcome.diagnostics[0].message
    assert "begins with `_` or `.`" in outcome.diagnostics[0].hint
    assert isinstance(error, StageError)
    assert (error.problem.code, "`e.xlsx`" in error.problem.message) == ("RUN715", True)


def test_every_file_of_a_folder_has_rows(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(LINES)
    pyarrow.parquet.write_table(pyarrow.table({"prompt": pyarrow.array([], "string")}), folder / "e.parquet")
    for name, content in {
        "b.csv": b"prompt,completion\n",
        "c.json": b"[]",
        "d.jsonl": b"\n \n",
        "_f.csv": b"a\n",
    }.items():
        (folder / name).write_bytes(content)
    (found,) = read_source(folder, "rows", name="s", relative="rows", shape=SHAPE).diagnostics
    block = DataBlock.model_validate(
        {"path": "rows", "shape": SHAPE, "sha256": None, "rows": None, "volume": "outputs"}
    )
    with pytest.raises(StageError) as caught:
        read_rows([block], Volumes(models=folder, data=folder, outputs=tmp_path))
    assert (found.code, caught.value.problem.code) == ("CHK204", "RUN712")
    for each in (found, caught.value.problem):
        assert "4 files without rows: `b.csv`, `c.json`, `d.jsonl`, `e.parquet`" in each.message
        assert "begins with `_`" in each.hint


def test_a_small_file_that_unpacks_to_very_much_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gz(LINES * 10_000))
    read = read_source(tmp_path / "a.jsonl.gz", "a", name="s", relative="a.jsonl.gz", shape=SHAPE, limit=100_000)
    assert [(each.code, "when unpacked" in each.message) for each in read.diagnostics][-1] == ("YML005", True)


def test_a_list_is_read_piece_by_piece(tmp_path: Path) -> None:
    """The pieces of a file end anywhere: inside a character, an escape, a number or a name."""
    rows = [{"prompt": f"\\u9000 退 {index} \\" + "x" * index, "completion": "三" * 1000} for index in range(2_000)]
    (tmp_path / "a.json").write_text(json.dumps({"data": rows}, ensure_ascii=False), encoding="utf-8")
    outcome, read = read_both(tmp_path, "a.json", rows=len(rows))
    assert outcome.value, outcome.diagnostics
    assert read == rows


class Pieces:
    """A stream that gives its bytes in pieces of a few bytes."""

    def __init__(self, content: bytes, size: int) -> None:
        self._pieces = [content[at : at + size] for at in range(0, len(content), size)]

    def read(self, size: int, /) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


@given(
    text=st.text(st.sampled_from("a退\r\n\u2028 "), max_size=12),
    size=st.integers(1, 4),
    encoding=st.sampled_from(["utf-8", "utf-16-le", "gb18030"]),
)
def test_lines_do_not_depend_on_pieces(text: str, size: int, encoding: str) -> None:
    read = [line for _, line in text_lines(text_pieces(Pieces(text.encode(encoding), size), encoding), 100)]
    wanted = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert read == (wanted[:-1] if not wanted[-1] else wanted)


@given(text=st.text(st.sampled_from("a退\n"), max_size=16), size=st.integers(1, 6), limit=st.integers(0, 5))
def test_a_line_beyond_the_limit_costs_no_other_line(text: str, size: int, limit: int) -> None:
    read = list(bounded_lines(text_pieces(Pieces(text.encode(), size), None), limit))
    whole = text_lines(text_pieces(Pieces(text.encode(), size), None), 100)
    assert read == [(number, line if len(line) <= limit else None) for number, line in whole]


@given(text=st.text(st.sampled_from('a"\r\n,'), max_size=12).map(lambda text: f"prompt,completion\n{text}"))
def test_equal_digests_mean_equal_lines(text: str) -> None:
    """Whatever a digest does not cover, such as line ends, no reader sees."""
    other = text.replace("\r\n", "\n").replace("\n", "\r\n")
    lines = [list(text_lines(text_pieces(Pieces(each.encode(), 3), None), 100)) for each in (text, other)]
    if content_digest(text.encode()) == content_digest(other.encode()):
        assert lines[0] == lines[1]
