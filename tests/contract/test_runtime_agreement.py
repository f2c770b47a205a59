"""The compiler and the runtime agree on stage configs, methods and data."""

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from conftest import MakeSpec
from support.command import invoke

from compiler.spec.data.sources import read_source
from runtime.contract.blocks import DataBlock
from runtime.contract.data.file_formats import ending_of
from runtime.contract.digests import content_digest
from runtime.contract.errors import StageError
from runtime.contract.methods import METHODS
from runtime.contract.metrics import METRICS
from runtime.contract.stages import AnyStage
from runtime.contract.training_stages import AnyTrainingStage
from runtime.contract.volumes import Volumes
from runtime.data.rows import read_rows
from runtime.stage.config import parse_stage

ROOT = Path(__file__).parent.parent.parent
TURNS = [{"role": "user", "content": '[请] 回答,\n“a” "b"\u2028'}]
ANSWER = [{"role": "assistant", "content": "好"}]
CALL = {"type": "function", "function": {"name": "query", "arguments": {"sql": "SELECT “1”"}}}
TOOLS = [{"type": "function", "function": {"name": "query", "parameters": {"type": "object"}}}]
Rows = list[dict[str, Any]]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_a_config_and_a_module(method: str) -> None:
    from runtime.run import method_of

    assert callable(method_of(method))
    assert [stage for stage in get_args(AnyStage) if method in get_args(stage.model_fields["method"].annotation)]


def test_a_model_card_names_every_method_that_trains() -> None:
    trained = {
        name for stage in get_args(AnyTrainingStage) for name in get_args(stage.model_fields["method"].annotation)
    }
    assert {name for name, row in METHODS.items() if row.title} == trained


def test_every_metric_has_its_code() -> None:
    from runtime.scoring.metrics import SCORERS

    assert set(SCORERS) == set(METRICS)


def configs(plan: Path) -> list[str]:
    found = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(plan.glob("*.config.yaml"))]
    return [each["data"]["config.yaml"] for each in found]


def test_the_runtime_reads_what_the_compiler_renders(make_spec: MakeSpec) -> None:
    path = make_spec()
    assert invoke("compile", str(path)).exit_code == 0
    stages = [parse_stage(text.encode(), "config.yaml") for text in configs(path.parent / "plan")]
    assert {stage.method for stage in stages} == {"evaluate", "sft", "pairs", "dpo"}


@pytest.mark.parametrize("plan", sorted(ROOT.glob("specs/*/plan")), ids=lambda path: path.parent.name)
def test_the_contract_takes_every_stage_of_a_shipped_plan(plan: Path) -> None:
    for text in configs(plan):
        config = yaml.safe_load(text)
        stage = parse_stage(text.encode(), plan.parent.name)
        assert stage.model_dump(by_alias=True, mode="json", exclude_unset=True) == config


def as_jsonl(rows: Rows) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def as_csv(rows: Rows) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, sorted({name for row in rows for name in row}))
    writer.writeheader()
    for row in rows:
        writer.writerow({k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in row.items()})
    return b"\xef\xbb\xbf" + stream.getvalue().replace("\r\n", "\n", 1).encode()


def as_parquet(rows: Rows) -> bytes:
    import pyarrow
    from pyarrow import parquet

    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
    return bytes(sink.getvalue())


FORMATS: dict[str, Callable[[Rows], bytes]] = {"csv": as_csv, "jsonl": as_jsonl, "parquet": as_parquet}
SHAPES: dict[str, Rows] = {
    "prompt-completion": [
        {"prompt": TURNS, "completion": ANSWER, "cluster": "一"},
        {"prompt": TURNS * 2, "completion": ANSWER},
    ],
    "messages": [
        {
            "messages": [
                *TURNS,
                {"role": "assistant", "content": "", "tool_calls": [CALL]},
                {"role": "tool", "name": "query", "content": "1"},
                *ANSWER,
            ],
            "tools": TOOLS,
        },
        {"messages": [*TURNS, *ANSWER]},
    ],
    "unpaired-preference": [
        {"prompt": "p", "completion": "c", "label": True},
        {"prompt": "p", "completion": "d", "label": False},
    ],
    "preference": [{"prompt": "[1]", "chosen": "[a", "rejected": "b]"}],
    "badcase": [
        {"id": "一", "prompt": "p", "fix": "f", "answer": "[4]", "class": "sporadic"},
        {"id": "2", "prompt": "[1, 2]", "fix": "3"},
    ],
    "evaluation": [{"id": "1", "prompt": TURNS, "reference": "r", "database": "d"}],
}


def both(volume: Path, name: str, shape: str) -> tuple[tuple[str, int] | None, Rows | None]:
    """Return what the compiler knows of a source, and the rows that the runtime reads; None where one refuses it."""
    found = read_source(volume / name, name, name="s", relative=name, shape=shape, inside=volume)
    known = (found.value.sha256, found.value.rows) if found.value and found.ok else None
    digest, count = known or (content_digest((volume / name).read_bytes()), 1)
    block = DataBlock.model_validate({"path": name, "shape": shape, "sha256": digest, "rows": count})
    try:
        rows = read_rows([block], Volumes(models=volume, data=volume, outputs=volume))
    except StageError:
        rows = None
    return known, rows


@pytest.mark.parametrize(
    ("path", "ending"),
    [
        ("a/b.jsonl", ".jsonl"),
        ("a.b.csv", ".csv"),
        ("a/.csv", ""),
        ("a.CSV", ".csv"),
        ("jsonl", ""),
        ("a.jsonl.bak", ""),
        ("a.jsonl.12", ".jsonl"),
        ("a.JSONL.1.gz", ".jsonl.gz"),
        ("a.csv.1", ""),
        ("a.JSONL.Gz", ".jsonl.gz"),
        ("a.gz", ""),
        (".csv.gz", ""),
        ("a.parquet.gz", ""),
    ],
)
def test_the_ending_of_a_name_decides_the_format(path: str, ending: str) -> None:
    assert ending_of(path) == ending


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("suffix", FORMATS)
def test_both_read_the_same_file(tmp_path: Path, suffix: str, shape: str) -> None:
    (tmp_path / f"a.{suffix}").write_bytes(FORMATS[suffix](SHAPES[shape]))
    known, rows = both(tmp_path, f"a.{suffix}", shape)
    assert known is not None
    assert known[1] == len(SHAPES[shape])
    assert rows == SHAPES[shape]


def test_a_cell_that_merely_looks_like_a_list_is_text_to_both(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b'prompt,completion\n"[""\\ud800""]",b\n')
    known, rows = both(tmp_path, "a.csv", "prompt-completion")
    assert known is not None
    assert rows == [{"prompt": '["\\ud800"]', "completion": "b"}]


def test_both_read_the_same_folder(tmp_path: Path) -> None:
    for index, name in enumerate(("b/z.csv", "b/a/x.parquet", "b.jsonl", "训练/一.jsonl", "b-a/c.csv", "b!/c.csv")):
        path = tmp_path / "d" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(FORMATS[path.suffix[1:]]([{"messages": [*TURNS, *ANSWER], "id": f"{index}"}]))
    for name in (
        "b/_README.md",
        ".x/a.jsonl",
        ".a.jsonl",
        "_a.csv",
        "b/_tmp/a.csv",
        "b/.ipynb_checkpoints/a.csv",
    ):
        (tmp_path / "d" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "d" / name).write_bytes(b"not a row")
    known, rows = both(tmp_path, "d", "messages")
    assert known is not None
    assert known[1] == 6
    assert rows is not None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"prompt,prompt\na,b\n"),
        ("a.csv", b"prompt,completion\na\n"),
        ("a.csv", b"prompt,completion\na,b,c\n"),
        ("a.csv", b'prompt,completion\na,"b\n'),
        ("a.csv", b"prompt,completion\na,\n"),
        ("a.csv", b"prompt,completion\na\rb,c\n"),
        ("a.csv", b"prompt,completion\n\xff,b\n"),
        ("a.csv", b'prompt,completion\n"[{""role"": ""user"", ""content"": ""x""}]",b\n'),
        ("a.csv", b""),
        ("a.jsonl", b""),
        ("a.jsonl", b'{"prompt": "a"}\n'),
        ("a.jsonl", b'{"prompt": "a", "completion": "b\\ud800"}\n'),
        ("a.parquet", b"PAR1"),
        ("a.json", b'[{"prompt": "a", "completion": "b"}'),
    ],
)
def test_both_refuse_the_same_files(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert both(tmp_path, name, "prompt-completion") == (None, None)


def test_a_load_brings_what_the_compiler_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The repository's own folder `specs` is the source; what comes of it passes for what the plan was made for."""
    from runtime.contract.stages import LoadStage
    from runtime.make.inputs import stage as load_inputs
    from runtime.stage.context import StageContext
    from runtime.stage.events import EventStream
    from runtime.stage.stop import StopRequest

    share = tmp_path / "share"
    for name in ("nl2sql", "clusters"):
        shutil.copytree(ROOT / "specs" / name, share / "specs" / name, ignore=shutil.ignore_patterns("plan"))
    profile = share / "specs" / "clusters" / "cpu-small.yaml"
    text = profile.read_text(encoding="utf-8")
    profile.write_text(
        text.replace("  storage:\n", "  storage:\n    source: {folder: {claim: share}}\n"), encoding="utf-8"
    )
    done = invoke("compile", str(share / "specs" / "nl2sql"))
    assert done.exit_code == 0, done.output
    texts = configs(share / "specs" / "nl2sql" / "plan")
    stage = next(
        each for each in (parse_stage(text.encode(), "config.yaml") for text in texts) if each.method == "load"
    )
    assert isinstance(stage, LoadStage)
    model = share / "models" / stage.model.path
    model.mkdir(parents=True)
    (model / "config.json").write_text("{}", encoding="utf-8")
    monkeypatch.setenv("TRAINSPEC_SOURCE", str(share))
    volumes = Volumes(models=tmp_path / "models", data=tmp_path / "data", outputs=tmp_path)
    volumes.models.mkdir()
    volumes.data.mkdir()
    context = StageContext(
        volumes=volumes,
        folder=tmp_path,
        config_sha256="",
        events=EventStream(None),
        stop=StopRequest(),
        stage=stage,
    )
    report = load_inputs.run(stage, context).report
    databases = list((ROOT / "specs" / "nl2sql" / "data" / "databases").iterdir())
    assert report["fetched"] == 1 + 3 + len(databases)
    assert (volumes.models / stage.model.path / "config.json").is_file()
    assert [row["sha256"] for row in (block.model_dump() for block in stage.data)] == [
        hashlib.sha256((volumes.data / block.path).read_bytes()).hexdigest() for block in stage.data
    ]
