"""Bringing models and data into the volumes: from a real S3 server, and from a mounted folder."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import urllib3
import yaml
from support.faulty_http import Fault, Upstream, faulty_http
from support.s3_server import KEY, PRIVATE, PUBLIC, REGION, SECRET, S3Server, s3_server
from support.waiting import HUNG_SECONDS

from runtime.contract.digests import folder_digest
from runtime.contract.errors import StageError
from runtime.contract.stages import LoadStage
from runtime.contract.volumes import Volumes
from runtime.make.inputs import copy as fetch_files
from runtime.make.inputs import stage as load_inputs
from runtime.stage.context import StageContext
from runtime.stage.events import EventStream
from runtime.stage.stop import StopRequest

pytestmark = pytest.mark.xdist_group("s3")  # one server for all of them

REPOSITORY = Path(__file__).resolve().parents[3]
PREFIX = "团队/llm"
MODEL = {
    "config.json": b"{}",
    "model.safetensors": os.urandom(300_000),
    "tokenizer/词表.json": "{“一”}".encode(),
    ".cache/x": b"secret",
}
ROWS = b'{"prompt": "a", "completion": "b"}\n'
PARTS = {"a.jsonl": ROWS, "二/b.jsonl": ROWS * 2, "README.md": b"# no rows", "_x.jsonl": b"not one"}
SCRIPTS = {"shop.1.sql": b"CREATE TABLE a (b);", "shop.2.sql": b"CREATE TABLE c (d);"}
REWARD = b"def score(): ...\n"
Objects = dict[str, bytes]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def objects() -> Objects:
    """The objects of the source: two models, and the folder of a spec."""
    below = "specs/商店"
    return {
        **{f"models/tiny/1/{path}": content for path, content in MODEL.items()},
        "models/tiny/10/config.json": b"another model",
        **{f"{below}/data/rows/{path}": content for path, content in PARTS.items()},
        f"{below}/data/train.jsonl": ROWS,
        f"{below}/data/train.jsonl.bak": b"another file",
        **{f"{below}/data/databases/{path}": content for path, content in SCRIPTS.items()},
        f"{below}/data/databases/deeper/x.sql": b"not read",
        f"{below}/own.py": REWARD,
    }


def block(path: str, digest: str) -> dict[str, Any]:
    return {"path": path, "shape": "prompt-completion", "sha256": digest, "rows": 1}


def config(source: dict[str, Any], **changes: Any) -> dict[str, Any]:
    counted = {name: sha256(PARTS[name]) for name in ("a.jsonl", "二/b.jsonl")}
    return {
        "schema": "trainspec.dev/stage/v1",
        "plan": "shop",
        "stage": "load",
        "method": "load",
        "output": "shop-load-0",
        "seed": 1,
        "model": {"path": "tiny/1", "adapters": [], "dtype": "float32", "trust_remote_code": False},
        "data": [block("data/train.jsonl", sha256(ROWS)), block("data/rows", folder_digest(counted))],
        "source": source,
        "folder": "商店",
        "folders": {"data/databases": folder_digest({name: sha256(text) for name, text in SCRIPTS.items()})},
        "files": {"own.py": sha256(REWARD)},
    } | changes


class Bucket:
    """One test's objects in the S3 server, behind a proxy.

    `fault` may answer instead of the server, with a status or a `Fault`; it may also wait, or change objects.
    """

    def __init__(self, server: S3Server, prefix: str) -> None:
        self.server = server
        self.prefix = prefix
        self.url = ""
        self.requests: list[tuple[str, str]] = []
        self.signed: set[bool] = set()
        self.listed: dict[str, str] = {}  # name → the other name that lists show
        self.fault: Callable[[str, str, int], int | Fault | None] = lambda verb, path, number: None
        for path, content in objects().items():
            self.put(path, content)

    def decide(self, verb: str, target: str, headers: Message) -> Fault | None:
        path = unquote(target)
        self.requests.append((verb, path))
        self.signed.add("Authorization" in headers)
        fault = self.fault(verb, path, len(self.requests))
        if fault is not None:
            return fault if isinstance(fault, Fault) else Fault(how="status", status=fault)
        if self.listed and "list-type" in path:
            return Fault(how="status", status=200, body=self._list(target, headers))
        return None

    def _list(self, target: str, headers: Message) -> bytes:
        """Return the server's list with other names in it."""
        text = urllib3.request("GET", self.server.url + target, headers=dict(headers), retries=False).data.decode()
        for name, shown in self.listed.items():
            assert name in text
            text = text.replace(name, shown)
        return text.encode()

    def put(self, path: str, content: bytes, bucket: str = PRIVATE) -> None:
        self.server.put(f"{self.prefix}/{path}", content, bucket)

    def block(self, bucket: str = PRIVATE, signed: bool = True) -> dict[str, Any]:
        uri = f"s3://{bucket}/{self.prefix}"
        return {"bucket": {"uri": uri, "endpoint": self.url, "region": REGION, "signed": signed}}

    @property
    def fetched(self) -> list[str]:
        """Return the objects read since the requests were last cleared, one for each request."""
        below = f"{self.prefix}/"
        return [path.split(below)[1] for verb, path in self.requests if verb == "GET" and f"/{below}" in path]


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setattr(fetch_files, "BACKOFF_SECONDS", 0.01)


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as started:
        yield started


@pytest.fixture
def server(s3: S3Server) -> Iterator[Bucket]:
    made = Bucket(s3, f"{PREFIX}-{uuid.uuid4().hex[:8]}")
    pool = urllib3.PoolManager()
    upstream = Upstream(url=s3.url, pool=pool, headers=lambda sent: dict(sent.items()))
    with faulty_http(upstream, made.decide) as made.url:
        yield made


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "share"
    for path, content in objects().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    monkeypatch.setenv("TRAINSPEC_SOURCE", str(root))
    return root


FOLDER: dict[str, Any] = {"folder": {"claim": "share"}}


def context_of(root: Path, stage: LoadStage, stop: StopRequest | None = None) -> StageContext:
    volumes = Volumes(models=root / "models", data=root / "data", outputs=root / "outputs")
    for folder in (volumes.models, volumes.data, volumes.outputs):
        folder.mkdir(parents=True, exist_ok=True)
    return StageContext(
        volumes=volumes,
        folder=volumes.outputs,
        config_sha256="0" * 64,
        events=EventStream(None),
        stop=stop or StopRequest(),
        stage=stage,
    )


def load(root: Path, document: dict[str, Any]) -> dict[str, Any]:
    stage = LoadStage.model_validate(document)
    return load_inputs.run(stage, context_of(root, stage)).report


def failure(root: Path, document: dict[str, Any]) -> tuple[str, int, str]:
    with pytest.raises(StageError) as caught:
        load(root, document)
    return caught.value.problem.code, int(caught.value.exit_code), caught.value.problem.message


def brought(root: Path) -> Objects:
    """Return the files of both volumes except the notes."""
    files = [path for name in ("models", "data") for path in (root / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in files if path.name != ".trainspec-load.json"}


EXPECTED = {
    **{f"models/tiny/1/{path}": content for path, content in MODEL.items() if not path.startswith(".")},
    "data/data/train.jsonl": ROWS,
    "data/data/rows/a.jsonl": PARTS["a.jsonl"],
    "data/data/rows/二/b.jsonl": PARTS["二/b.jsonl"],
    **{f"data/data/databases/{path}": content for path, content in SCRIPTS.items()},
    "data/own.py": REWARD,
}


def test_a_bucket_is_brought_once(server: Bucket, tmp_path: Path) -> None:
    document = config(server.block())
    first = load(tmp_path, document)
    assert brought(tmp_path) == EXPECTED
    assert (first["fetched"], first["kept"]) == (len(EXPECTED), 0)
    whole = {path: sha256(text) for path, text in MODEL.items() if not path.startswith(".")}
    assert first["models"] == {"tiny/1": folder_digest(whole)}
    server.requests.clear()
    again = load(tmp_path, document)
    assert (again["fetched"], again["kept"], again["models"]) == (0, len(EXPECTED), first["models"])
    assert server.fetched == []


def test_a_mounted_folder_is_brought_once(mounted: Path, tmp_path: Path) -> None:
    first = load(tmp_path / "v", config(FOLDER))
    assert brought(tmp_path / "v") == EXPECTED
    again = load(tmp_path / "v", config(FOLDER))
    assert (first["fetched"], again["fetched"], again["kept"]) == (len(EXPECTED), 0, len(EXPECTED))


def test_a_damaged_file_and_a_changed_one_are_fetched_again(server: Bucket, tmp_path: Path) -> None:
    load(tmp_path, config(server.block()))
    weights = tmp_path / "models" / "tiny" / "1" / "model.safetensors"
    weights.write_bytes(bytes(len(weights.read_bytes())))
    (tmp_path / "data" / "own.py").write_text("changed")
    server.put("models/tiny/1/config.json", b'{"a": 1}')
    server.requests.clear()
    assert load(tmp_path, config(server.block()))["fetched"] == 3
    assert sorted(server.fetched) == [
        "models/tiny/1/config.json",
        "models/tiny/1/model.safetensors",
        "specs/商店/own.py",
    ]
    assert weights.read_bytes() == MODEL["model.safetensors"]


def test_a_teachers_weights_come_too(server: Bucket, tmp_path: Path) -> None:
    load(tmp_path, config(server.block(), teachers=["tiny/10"]))
    assert (tmp_path / "models" / "tiny" / "10" / "config.json").read_bytes() == b"another model"


def test_what_an_earlier_load_left_in_a_folder_goes(mounted: Path, tmp_path: Path) -> None:
    rows = tmp_path / "v" / "data" / "data" / "rows"
    for name in ("old.jsonl", "notes.txt", "_own/x.jsonl"):
        (rows / name).parent.mkdir(parents=True, exist_ok=True)
        (rows / name).write_text("mine")
    load(tmp_path / "v", config(FOLDER))
    assert not (rows / "old.jsonl").exists()
    assert (rows / "notes.txt").read_text() == (rows / "_own" / "x.jsonl").read_text() == "mine"


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"data": [block("data/train.jsonl", "1" * 64)]}, "`specs/商店/data/train.jsonl` of"),
        ({"data": [block("data/rows", "1" * 64)]}, "`specs/商店/data/rows` of"),
        ({"folders": {"data/databases": "1" * 64}}, "`specs/商店/data/databases` of"),
        ({"files": {"own.py": "1" * 64}}, "`specs/商店/own.py` of"),
    ],
)
def test_other_content_than_planned_is_refused(
    mounted: Path, tmp_path: Path, changes: dict[str, Any], shown: str
) -> None:
    before = tmp_path / "v" / "data" / "data" / "train.jsonl"
    before.parent.mkdir(parents=True)
    before.write_bytes(b"of another plan")
    code, exit_code, message = failure(tmp_path / "v", config(FOLDER, **changes))
    assert (code, exit_code) == ("RUN711", 65)
    assert shown in message
    assert f"the plan was made for `{'1' * 64}`" in message
    if "train" in shown:
        assert before.read_bytes() == b"of another plan"  # wrong content is not kept
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("source", ["bucket", "folder"])
def test_all_missing_inputs_are_named_at_once(server: Bucket, mounted: Path, tmp_path: Path, source: str) -> None:
    where = server.block() if source == "bucket" else FOLDER
    data = [block("data/no.jsonl", "1" * 64)]
    code, exit_code, message = failure(tmp_path / "v", config(where, data=data, teachers=["no/1"]))
    assert (code, exit_code) == ("RUN720", 66)
    assert "`models/no/1`, `specs/商店/data/no.jsonl`" in message
    assert failure(tmp_path / "v", config(where, data=data))[:2] == ("RUN721", 66)
    assert brought(tmp_path / "v") == {}


def test_a_missing_bucket_holds_nothing(server: Bucket, tmp_path: Path) -> None:
    where = server.block()
    where["bucket"]["uri"] = "s3://elsewhere/x"
    assert failure(tmp_path, config(where))[:2] == ("RUN720", 66)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_not_retried(server: Bucket, tmp_path: Path, status: int) -> None:
    server.fault = lambda verb, path, number: status
    code, exit_code, message = failure(tmp_path, config(server.block()))
    assert (code, exit_code) == ("RUN767", 78)
    assert "denies access" in message
    assert "secret" not in message
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_temporary_failure_costs_only_an_attempt(server: Bucket, tmp_path: Path, status: int) -> None:
    server.fault = lambda verb, path, number: status if number in (2, 9, 14) else None
    load(tmp_path, config(server.block()))
    assert brought(tmp_path) == EXPECTED


@pytest.mark.parametrize("how", ["drop", "drop-after", "cut"])
def test_a_broken_connection_costs_only_an_attempt(server: Bucket, tmp_path: Path, how: str) -> None:
    server.fault = lambda verb, path, number: Fault(how=how) if number in (2, 9, 14) else None
    load(tmp_path, config(server.block()))
    assert brought(tmp_path) == EXPECTED


def test_a_lasting_failure_can_be_retried_later(server: Bucket, tmp_path: Path) -> None:
    server.fault = lambda verb, path, number: 503 if path.endswith(".safetensors") and verb == "GET" else None
    code, exit_code, message = failure(tmp_path, config(server.block()))
    assert (code, exit_code) == ("RUN768", 75)
    assert f"failed {fetch_files.ATTEMPTS} times" in message
    assert len([path for path in server.fetched if path.endswith(".safetensors")]) <= 3 * fetch_files.ATTEMPTS
    server.fault = lambda verb, path, number: None
    server.requests.clear()
    assert load(tmp_path, config(server.block()))["fetched"] == 3  # the weights, and the files after them
    assert brought(tmp_path) == EXPECTED


def test_a_server_that_is_down_can_be_retried_later(tmp_path: Path) -> None:
    bucket = {"uri": "s3://training", "endpoint": "http://127.0.0.1:9", "region": None, "signed": True}
    code, exit_code, message = failure(tmp_path, config({"bucket": bucket}))
    assert (code, exit_code) == ("RUN768", 75)
    assert "s3://training" in message


def test_a_large_file_resumes_where_its_connection_broke(
    server: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runtime.make.inputs import bucket

    monkeypatch.setattr(bucket, "PIECE_BYTES", 100_000)
    fails = iter([None, 500, 500, 500, 500, None])
    server.fault = lambda verb, path, number: (
        next(fails, None) if path.endswith(".safetensors") and verb == "GET" else None
    )
    load(tmp_path, config(server.block()))
    assert brought(tmp_path) == EXPECTED
    assert len([path for path in server.fetched if path.endswith(".safetensors")]) == 7  # three pieces, four failures


def test_an_object_that_changes_while_it_is_read_is_not_mixed(
    server: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runtime.make.inputs import bucket

    monkeypatch.setattr(bucket, "PIECE_BYTES", 100_000)
    changed: list[bool] = []

    def change(verb: str, path: str, number: int) -> None:
        read = [each for each in server.fetched if each.endswith(".safetensors")]
        if len(read) == 2 and not changed:
            changed.append(True)
            server.put("models/tiny/1/model.safetensors", bytes(300_000))

    server.fault = change
    assert failure(tmp_path, config(server.block()))[:2] == ("RUN768", 75)
    assert not (tmp_path / "models" / "tiny" / "1" / "model.safetensors").exists()
    load(tmp_path, config(server.block()))
    assert (tmp_path / "models" / "tiny" / "1" / "model.safetensors").read_bytes() == bytes(300_000)


def test_a_bucket_without_keys_is_read_without_a_signature(server: Bucket, tmp_path: Path) -> None:
    for path, content in objects().items():
        server.put(path, content, PUBLIC)
    load(tmp_path / "a", config(server.block(PUBLIC, signed=False)))
    assert server.signed == {False}
    assert brought(tmp_path / "a") == EXPECTED
    assert failure(tmp_path / "b", config(server.block(signed=False)))[:2] == ("RUN767", 78)
    server.signed.clear()
    load(tmp_path / "b", config(server.block()))
    assert server.signed == {True}


def test_a_wrong_key_is_refused(server: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    code, exit_code, message = failure(tmp_path, config(server.block()))
    assert (code, exit_code) == ("RUN767", 78)
    assert "another" not in message


@pytest.mark.parametrize("name", ["../outside.bin", "a//b.bin", "a\\b.bin", "bell&#x7;.bin"])
def test_a_name_that_leads_out_is_refused(server: Bucket, tmp_path: Path, name: str) -> None:
    server.put("models/tiny/1/plain.bin", b"x")
    server.listed = {"plain.bin": name}
    code, exit_code, _ = failure(tmp_path, config(server.block()))
    assert (code, exit_code) == ("RUN769", 65)
    assert brought(tmp_path) == {}


def test_an_empty_object_that_represents_a_folder_is_skipped(server: Bucket, tmp_path: Path) -> None:
    for path, content in objects().items():
        server.put(path, content, PUBLIC)
    server.server.put_as_named(f"{server.prefix}/models/tiny/1/", b"")
    load(tmp_path, config(server.block(PUBLIC, signed=False)))
    assert brought(tmp_path) == EXPECTED


@pytest.mark.parametrize("link", ["file", "folder"])
def test_a_link_out_of_the_mounted_folder_is_refused(mounted: Path, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "passwd").write_text("root")
    target = outside / "passwd" if link == "file" else outside
    (mounted / "models" / "tiny" / "1" / "more").symlink_to(target)
    code, exit_code, message = failure(tmp_path / "v", config(FOLDER))
    assert (code, exit_code) == ("RUN769", 65)
    assert "`models/tiny/1/more" in message


def test_a_link_inside_of_the_mounted_folder_is_followed(mounted: Path, tmp_path: Path) -> None:
    weights = mounted / "models" / "tiny" / "1" / "model.safetensors"
    weights.rename(mounted / "blob")
    weights.symlink_to(mounted / "blob")
    load(tmp_path / "v", config(FOLDER))
    copy = tmp_path / "v" / "models" / "tiny" / "1" / "model.safetensors"
    assert copy.read_bytes() == MODEL["model.safetensors"]
    assert not copy.is_symlink()


def test_nothing_is_written_behind_a_link_of_the_claim(mounted: Path, tmp_path: Path) -> None:
    (tmp_path / "v" / "models").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "v" / "models" / "tiny").symlink_to(tmp_path / "outside")
    assert failure(tmp_path / "v", config(FOLDER))[:2] == ("RUN769", 65)
    assert [path for path in (tmp_path / "outside").rglob("*") if path.is_file()] == []


def test_a_source_that_is_not_mounted_is_no_source(tmp_path: Path) -> None:
    assert failure(tmp_path, config(FOLDER))[:2] == ("RUN703", 78)


def test_a_stop_ends_it_between_two_pieces(mounted: Path, tmp_path: Path) -> None:
    stage = LoadStage.model_validate(config(FOLDER))
    with pytest.raises(StageError) as caught:
        load_inputs.run(stage, context_of(tmp_path / "v", stage, StopRequest(signal_name="SIGTERM")))
    assert (caught.value.problem.code, int(caught.value.exit_code)) == ("RUN740", 75)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_stage_that_is_killed_resumes_after_the_last_whole_file(
    server: Bucket, tmp_path: Path, number: signal.Signals
) -> None:
    """As in a pod: the process is killed while it loads the weights, then started again."""
    for name in ("models", "data", "outputs"):
        (tmp_path / name).mkdir()
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config(server.block()), allow_unicode=True), encoding="utf-8")
    reached, killed = threading.Event(), threading.Event()

    def held(verb: str, target: str, count: int) -> None:
        if target.endswith(".safetensors") and verb == "GET":
            reached.set()
            killed.wait()

    server.fault = held
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    environment |= {f"TRAINSPEC_{name.upper()}": str(tmp_path / name) for name in ("models", "data", "outputs")}
    command = [sys.executable, "-m", "runtime", str(path)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert reached.wait(HUNG_SECONDS)
    process.send_signal(number)
    killed.set()
    _, errors = process.communicate(timeout=HUNG_SECONDS)
    assert process.returncode == (75 if number == signal.SIGTERM else -9), errors
    assert not (tmp_path / "models" / "tiny" / "1" / "model.safetensors").exists()

    server.fault = lambda verb, target, count: None
    server.requests.clear()
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert brought(tmp_path) == EXPECTED
    metrics = json.loads((tmp_path / "outputs" / "shop-load-0" / "metrics.json").read_text(encoding="utf-8"))
    assert (metrics["method"], metrics["status"]) == ("load", "complete")
    assert metrics["report"]["fetched"] == 3
    assert metrics["report"]["kept"] == len(EXPECTED) - 3
    assert not list(tmp_path.rglob("*.tmp"))
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    progress = [event for event in events if event["event"] == "progress"]
    assert progress[-1]["done"] == progress[-1]["total"]
    assert "secret" not in ended.stdout + ended.stderr

    (tmp_path / "data" / "own.py").unlink()  # missing from its volume, although the stage was complete
    assert subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0
    assert (tmp_path / "data" / "own.py").read_bytes() == REWARD
