"""Models of a hub: what is brought, what is checked, and how each failure ends."""

import hashlib
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.faulty_http import Fault
from support.hub import PREFIX, TOKEN, Hub, Request, blob_of, model_hub
from support.waiting import HUNG_SECONDS

from runtime.contract.digests import folder_digest
from runtime.contract.errors import StageError
from runtime.contract.hub import HubModel, hub_model, name_fault
from runtime.contract.stages import LoadStage
from runtime.contract.volumes import Volumes
from runtime.make.inputs import copy as fetch_files
from runtime.make.inputs import fetch_model
from runtime.make.inputs import stage as load_inputs
from runtime.make.inputs import wanted as wanted_files
from runtime.make.inputs.copy import Fetcher, part_of
from runtime.make.inputs.hub_files import files_of
from runtime.make.inputs.source import SourceError, SourceFile
from runtime.stage.context import StageContext
from runtime.stage.events import EventStream
from runtime.stage.stop import StopRequest

REPOSITORY = Path(__file__).resolve().parents[3]
NAME = "Qwen/Qwen3-8B"
WEIGHTS = os.urandom(400_000)
MODEL = {
    "config.json": b'{"model_type": "llama"}',
    "generation_config.json": b"{}",
    "model.safetensors": WEIGHTS,
    "tokenizer.json": "{“词表”}".encode() * 2000,
    "tokenizer_config.json": b"{}",
    "chat_template.jinja": b"{{ messages }}",
    "additional_chat_templates/tool_use.jinja": b"{{ tools }}",
    "README.md": b"# Qwen3",
    "LICENSE": b"Apache",
}
OTHERS = {
    ".gitattributes": b"*.safetensors filter=lfs",
    "pytorch_model.bin": b"pickle",
    "pytorch_model.bin.index.json": b"{}",
    "consolidated.safetensors": b"the same weights",
    "params.json": b"{}",
    "model.fp16.safetensors": b"half of them",
    "original/consolidated.00.pth": b"pickle",
    "onnx/model.onnx": b"graph",
    "qwen.gguf": b"gguf",
    "modeling_own.py": b"import os",
    "logo.png": b"png",
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(fetch_files, "BACKOFF_SECONDS", 0.01)
    for name in ("HF_TOKEN", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_TOKEN_PATH", "/nowhere")
    with model_hub() as made:
        yield made


def config(hub: Hub, commit: str, *, code: bool = False, **changes: Any) -> dict[str, Any]:
    return {
        "schema": "trainspec.dev/stage/v1",
        "plan": "shop",
        "stage": "load",
        "method": "load",
        "output": "shop-load-0",
        "seed": 1,
        "model": {"path": f"{NAME}/{commit}", "adapters": [], "dtype": "float32", "trust_remote_code": code},
        "data": [],
        "source": {"hub": {"endpoint": hub.url, "authenticated": True}},
        "folder": "shop",
    } | changes


class Events(EventStream):
    """Keeps what it gets."""

    def __init__(self) -> None:
        super().__init__(None)
        self.got: list[dict[str, Any]] = []

    def emit(self, event: Any, **fields: Any) -> None:
        self.got.append({"event": event, **fields})


def context_of(root: Path, stage: LoadStage, events: EventStream, stop: StopRequest) -> StageContext:
    volumes = Volumes(models=root / "models", data=root / "data", outputs=root / "outputs")
    for folder in (volumes.models, volumes.data, volumes.outputs):
        folder.mkdir(parents=True, exist_ok=True)
    return StageContext(
        volumes=volumes, folder=volumes.outputs, config_sha256="0" * 64, events=events, stop=stop, stage=stage
    )


def load(root: Path, document: dict[str, Any], stop: StopRequest | None = None) -> tuple[dict[str, Any], Events]:
    stage, events = LoadStage.model_validate(document), Events()
    return load_inputs.run(stage, context_of(root, stage, events, stop or StopRequest())).report, events


def failure(root: Path, document: dict[str, Any]) -> tuple[str, int, str, str]:
    with pytest.raises(StageError) as caught:
        load(root, document)
    problem = caught.value.problem
    assert TOKEN not in problem.message + problem.hint
    assert "Signature" not in problem.message + problem.hint
    return problem.code, int(caught.value.exit_code), problem.message, problem.hint


def brought(root: Path, commit: str) -> dict[str, bytes]:
    """The files of the model that a stage sees."""
    folder = root / "models" / NAME / commit
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".trainspec")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_the_model_is_brought_and_nothing_else(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL | OTHERS)
    report, events = load(tmp_path, config(hub, commit))
    assert brought(tmp_path, commit) == MODEL
    digest = folder_digest({path: hashlib.sha256(content).hexdigest() for path, content in MODEL.items()})
    assert report["models"] == {f"{NAME}/{commit}": digest}
    assert (report["source"], report["fetched"], report["kept"]) == (hub.url, len(MODEL), 0)
    last = [each for each in events.got if each["event"] == "progress"][-1]
    assert last["done"] == last["total"] == sum(map(len, MODEL.values()))


def test_the_config_comes_last(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    load(tmp_path, config(hub, commit))
    assert hub.read[-1] == "config.json"


def test_a_second_load_asks_nobody(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    first, _ = load(tmp_path, config(hub, commit))
    hub.requests.clear()
    hub.fault = lambda request: Fault(how="status", status=500)
    again, _ = load(tmp_path, config(hub, commit))
    assert (again["fetched"], again["kept"], again["models"]) == (0, len(MODEL), first["models"])
    assert hub.requests == []


def test_a_damaged_file_is_fetched_again(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    load(tmp_path, config(hub, commit))
    (tmp_path / "models" / NAME / commit / "model.safetensors").write_bytes(bytes(len(WEIGHTS)))
    hub.requests.clear()
    report, _ = load(tmp_path, config(hub, commit))
    assert (report["fetched"], hub.read) == (1, ["model.safetensors"])
    assert brought(tmp_path, commit) == MODEL


def test_two_commits_lie_side_by_side(hub: Hub, tmp_path: Path) -> None:
    first = hub.add(NAME, MODEL)
    second = hub.add(NAME, MODEL | {"config.json": b'{"model_type": "qwen3"}'})
    for commit in (first, second):
        load(tmp_path, config(hub, commit))
    assert brought(tmp_path, first) == MODEL
    assert brought(tmp_path, second)["config.json"] == b'{"model_type": "qwen3"}'


def test_shards_come_with_their_index(hub: Hub, tmp_path: Path) -> None:
    shards = {f"model-0000{number}-of-00002.safetensors": os.urandom(20_000) for number in (1, 2)}
    files = {name: content for name, content in MODEL.items() if name != "model.safetensors"}
    files |= shards | {"model.safetensors.index.json": b"{}"}
    commit = hub.add(NAME, files | OTHERS)
    load(tmp_path, config(hub, commit))
    assert brought(tmp_path, commit) == files


def test_code_comes_only_where_the_spec_runs_it(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL | OTHERS)
    load(tmp_path, config(hub, commit))
    load(tmp_path, config(hub, commit, code=True))
    assert brought(tmp_path, commit) == MODEL | {"modeling_own.py": b"import os"}


def test_a_teachers_weights_come_from_the_hub_too(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    teacher = hub.add("acme/large", MODEL | OTHERS | {"README.md": b"large"})
    load(tmp_path, config(hub, commit, code=True, teachers=[f"acme/large/{teacher}"]))
    assert (tmp_path / "models" / "acme/large" / teacher / "README.md").read_bytes() == b"large"
    assert not (tmp_path / "models" / "acme/large" / teacher / "modeling_own.py").exists()


def test_data_and_folders_of_the_team_come_from_the_folder_beside_the_hub(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, rows = hub.add(NAME, MODEL), b'{"prompt": "a", "completion": "b"}\n'
    share = tmp_path / "share"
    for path, content in {"specs/shop/rows.jsonl": rows, "models/own/1/config.json": b"{}"}.items():
        (share / path).parent.mkdir(parents=True)
        (share / path).write_bytes(content)
    monkeypatch.setenv("TRAINSPEC_SOURCE", str(share))
    document = config(hub, commit, teachers=["own/1"])
    document["source"]["folder"] = {"claim": "share"}
    document["data"] = [
        {"path": "rows.jsonl", "shape": "prompt-completion", "sha256": hashlib.sha256(rows).hexdigest(), "rows": 1}
    ]
    load(tmp_path, document)
    assert brought(tmp_path, commit) == MODEL
    assert (tmp_path / "data" / "rows.jsonl").read_bytes() == rows
    assert (tmp_path / "models" / "own" / "1" / "config.json").read_bytes() == b"{}"


def test_with_a_hub_alone_a_folder_of_the_team_stays_where_it_is(hub: Hub, tmp_path: Path) -> None:
    teacher = hub.add(NAME, MODEL)
    document = config(hub, teacher, teachers=[f"{NAME}/{teacher}"])
    document["model"]["path"] = "own/1"
    assert list(load(tmp_path, document)[0]["models"]) == [f"{NAME}/{teacher}"]


# --- what is checked


def test_other_content_under_a_hash_is_refused(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    hub.served = {hashlib.sha256(WEIGHTS).hexdigest(): bytes(len(WEIGHTS))}
    code, exit_code, message, _ = failure(tmp_path, config(hub, commit))
    assert (code, exit_code) == ("RUN738", 65)
    assert "model.safetensors" in message
    assert "model.safetensors" not in str(brought(tmp_path, commit).keys())
    hub.served = {"config.json": b'{"model_type": "other"}'[: len(MODEL["config.json"])]}
    assert failure(tmp_path, config(hub, commit))[0] == "RUN738"
    assert "config.json" not in brought(tmp_path, commit)


def test_a_part_that_was_damaged_is_fetched_again(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    part = tmp_path / "models" / NAME / commit / ".model.safetensors.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(1000))
    _, events = load(tmp_path, config(hub, commit))
    assert brought(tmp_path, commit) == MODEL
    assert any("differs from its hash" in str(each.get("message")) for each in events.got)


def test_a_mirror_that_answers_for_another_commit_is_refused(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    hub.lies = {commit: "f" * 40}
    code, exit_code, message, _ = failure(tmp_path, config(hub, commit))
    assert (code, exit_code) == ("RUN738", 65)
    assert "f" * 40 in message


def test_a_hub_that_names_no_hashes_is_refused(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    answer = {"id": NAME, "sha": commit, "siblings": [{"rfilename": name} for name in MODEL]}
    body = json.dumps(answer).encode()
    hub.fault = lambda request: Fault(how="status", status=200, body=body) if "/api/" in request.path else None
    assert failure(tmp_path, config(hub, commit))[:2] == ("RUN738", 65)


@pytest.mark.parametrize("name", ["../outside.json", "a\\b.json", "bell\x07.json"])
def test_a_name_that_leads_out_is_refused(hub: Hub, tmp_path: Path, name: str) -> None:
    commit = hub.add(NAME, MODEL | {name: b"{}"})
    if name.startswith(".."):  # it is in a folder, of which nothing is brought
        load(tmp_path, config(hub, commit))
        assert brought(tmp_path, commit) == MODEL
    else:
        assert failure(tmp_path, config(hub, commit))[:2] == ("RUN769", 65)


def without(*names: str) -> dict[str, bytes]:
    return {name: content for name, content in MODEL.items() if name not in names}


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        (without("model.safetensors") | {"pytorch_model.bin": b"x"}, "pickle only (`pytorch_model.bin`)"),
        (without("model.safetensors") | {"q4.gguf": b"x"}, "another format only (`q4.gguf`)"),
        (without("model.safetensors", "config.json") | {"adapter_config.json": b"{}"}, "holds an adapter"),
        (without("model.safetensors"), "has no weights"),
        (without("model.safetensors") | {"model-00001-of-00002.safetensors": b"x"}, "1 of 2 files of weights"),
        (without("config.json"), "has no `config.json`"),
        (without("tokenizer.json", "tokenizer_config.json"), "has no tokenizer"),
    ],
)
def test_a_repository_without_a_usable_model_is_refused_before_a_byte(
    hub: Hub, tmp_path: Path, files: dict[str, bytes], shown: str
) -> None:
    commit = hub.add(NAME, files)
    code, exit_code, message, _ = failure(tmp_path, config(hub, commit))
    assert (code, exit_code) == ("RUN739", 66)
    assert shown in message
    assert hub.read == []


def test_a_volume_without_room_is_found_before_a_byte(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.add(NAME, MODEL)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(wanted_files.shutil, "disk_usage", lambda path: usage._replace(free=300_000))
    code, exit_code, message, _ = failure(tmp_path, config(hub, commit))
    assert (code, exit_code) == ("RUN730", 74)
    assert "0.0 GB free" in message
    assert hub.read == []


def test_a_disk_that_fills_up_ends_the_stage(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = hub.add(NAME, MODEL)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch_files.os, "fsync", full)
    assert failure(tmp_path, config(hub, commit))[:2] == ("RUN730", 74)
    assert brought(tmp_path, commit) == {}


# --- failures of the hub


def test_an_unknown_name_and_an_unknown_commit(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, exit_code, message, hint = failure(tmp_path, config(hub, "a" * 40))
    assert (code, exit_code) == ("RUN720", 66)
    assert f"no model `{NAME}`" in message
    assert "HF_TOKEN" in hint
    hub.add(NAME, MODEL)
    code, exit_code, message, hint = failure(tmp_path, config(hub, "a" * 40))
    assert (code, exit_code) == ("RUN720", 66)
    assert "no commit" in message
    assert f"fetch {NAME}@main" in hint


def test_a_gated_model_needs_a_token(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = hub.add(NAME, MODEL)
    hub.gated = {NAME}
    code, exit_code, message, hint = failure(tmp_path, config(hub, commit))
    assert (code, exit_code) == ("RUN767", 78)
    assert "is gated" in message
    assert "accept" in hint
    monkeypatch.setenv("HF_TOKEN", "hf_" + "b" * 34)  # somebody who has not accepted the terms
    code, exit_code, message, _ = failure(tmp_path, config(hub, commit))
    assert (code, exit_code) == ("RUN767", 78)
    assert "hf_b" not in message
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    load(tmp_path, config(hub, commit))
    assert brought(tmp_path, commit) == MODEL


def test_a_private_model_needs_a_token(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = hub.add(NAME, MODEL)
    hub.hidden = {NAME}
    assert failure(tmp_path, config(hub, commit))[:2] == ("RUN720", 66)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    load(tmp_path, config(hub, commit))


def test_the_token_goes_to_the_hub_alone(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    commit = hub.add(NAME, MODEL)
    load(tmp_path, config(hub, commit))
    sent = {(each.host.split(":")[0], "authorization" in each.headers) for each in hub.requests}
    assert sent == {("127.0.0.1", True), ("localhost", False)}
    assert all(TOKEN.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    hub.requests.clear()
    anonymous = config(hub, commit)
    anonymous["source"]["hub"]["authenticated"] = False
    load(tmp_path / "again", anonymous)
    assert not any("authorization" in each.headers for each in hub.requests)


@pytest.mark.parametrize("status", [401, 403, 451])
def test_a_refusal_is_not_retried(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.fault = lambda request: Fault(how="status", status=status, body=TOKEN.encode())
    code, exit_code, message, _ = failure(tmp_path, config(hub, hub.add(NAME, MODEL)))
    assert (code, exit_code) == ("RUN767", 78)
    assert str(status) in message
    assert len(hub.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("where", ["/api/", "/resolve/", "/stored/"])
def test_a_temporary_failure_costs_only_an_attempt(hub: Hub, tmp_path: Path, status: int, where: str) -> None:
    commit = hub.add(NAME, MODEL)
    failed: list[Request] = []

    def fault(request: Request) -> Fault | None:
        if where in request.path and len(failed) < 3:
            failed.append(request)
            return Fault(how="status", status=status)
        return None

    hub.fault = fault
    load(tmp_path, config(hub, commit))
    assert len(failed) == 3
    assert brought(tmp_path, commit) == MODEL


def test_a_signature_that_ran_out_is_asked_for_again(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    failed: list[Request] = []

    def fault(request: Request) -> Fault | None:
        if "/stored/" in request.path and not failed:
            failed.append(request)
            return Fault(how="status", status=403, body=b"Request has expired")
        return None

    hub.fault = fault
    load(tmp_path, config(hub, commit))
    assert brought(tmp_path, commit) == MODEL


def test_a_hub_that_keeps_failing_can_be_retried_later(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    hub.fault = lambda request: Fault(how="status", status=503) if "/stored/" in request.path else None
    code, exit_code, message, _ = failure(tmp_path, config(hub, commit))
    assert (code, exit_code) == ("RUN768", 75)
    assert "`localhost`, to which the hub sends downloads, answers 503" in message
    assert f"failed {fetch_files.ATTEMPTS} times" in message


@pytest.mark.parametrize("form", ["seconds", "date", "window"])
def test_a_hub_that_asks_to_wait_is_waited_for(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    commit = hub.add(NAME, MODEL)
    headers = {
        "seconds": {"Retry-After": "40"},
        "date": {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)},
        "window": {"RateLimit": '"api";r=0;t=40'},
    }[form]
    failed: list[Request] = []

    def fault(request: Request) -> Fault | None:
        failed.append(request)
        return Fault(how="status", status=429, headers=headers) if len(failed) == 1 else None

    hub.fault = fault
    clock = [0.0]
    monkeypatch.setattr(fetch_files.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(fetch_files.time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + 10 * seconds))
    load(tmp_path, config(hub, commit))
    assert 30 < clock[0] < 60


def test_a_hub_that_asks_to_wait_too_long_ends_the_stage(hub: Hub, tmp_path: Path) -> None:
    hub.fault = lambda request: Fault(how="status", status=429, headers={"Retry-After": "86400"})
    code, exit_code, message, _ = failure(tmp_path, config(hub, hub.add(NAME, MODEL)))
    assert (code, exit_code) == ("RUN768", 75)
    assert "asks to wait 86400 s" in message


@pytest.mark.parametrize("how", ["drop", "cut"])
def test_a_broken_connection_continues_where_it_broke(hub: Hub, tmp_path: Path, how: str) -> None:
    commit = hub.add(NAME, MODEL)
    failed: list[Request] = []

    def fault(request: Request) -> Fault | None:
        if ("/stored/" in request.path or how == "drop") and len(failed) < 3:
            failed.append(request)
            return Fault(how=how)
        return None

    hub.fault = fault
    load(tmp_path, config(hub, commit))
    assert brought(tmp_path, commit) == MODEL
    continued = [each for each in hub.requests if "range" in each.headers and "/stored/" in each.path]
    assert bool(continued) is (how == "cut")


def test_a_server_without_ranges_still_gives_the_right_bytes(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    hub.ranges = False
    cut = iter([True, True])
    hub.fault = lambda request: Fault(how="cut") if "/stored/" in request.path and next(cut, False) else None
    load(tmp_path, config(hub, commit))
    assert brought(tmp_path, commit) == MODEL


def test_a_page_in_the_place_of_an_answer_is_a_temporary_failure(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    page = Fault(how="status", status=200, body=b"<html>sign in to the network</html>")
    hub.fault = lambda request: page
    code, exit_code, message, _ = failure(tmp_path, config(hub, commit))
    assert (code, exit_code) == ("RUN768", 75)
    assert "not as a hub does" in message
    hub.fault = lambda request: page if "/stored/" in request.path else None
    assert failure(tmp_path, config(hub, commit))[:2] == ("RUN768", 75)


def test_a_hub_that_is_down_and_an_address_that_is_none(hub: Hub, tmp_path: Path) -> None:
    document = config(hub, hub.add(NAME, MODEL))
    document["source"]["hub"]["endpoint"] = "http://127.0.0.1:9"
    assert failure(tmp_path, document)[:2] == ("RUN768", 75)
    document["source"]["hub"]["endpoint"] = "hub.example.com"
    code, exit_code, _, hint = failure(tmp_path, document)
    assert (code, exit_code) == ("RUN703", 78)
    assert "https://hub.example.com" in hint


def test_a_stop_keeps_the_part_and_the_next_run_continues(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    stop = StopRequest()
    cut = iter([True])

    def fault(request: Request) -> Fault | None:
        if "/stored/" in request.path and "range" in request.headers:
            stop.signal_name = "SIGTERM"
        return (
            Fault(how="cut")
            if request.path.endswith(hashlib.sha256(WEIGHTS).hexdigest()) and next(cut, False)
            else None
        )

    hub.fault = fault
    stage = LoadStage.model_validate(config(hub, commit))
    with pytest.raises(StageError) as caught:
        load_inputs.run(stage, context_of(tmp_path, stage, Events(), stop))
    assert (caught.value.problem.code, int(caught.value.exit_code)) == ("RUN740", 75)
    part = tmp_path / "models" / NAME / commit / ".model.safetensors.part"
    size = part.stat().st_size
    assert 0 < size < len(WEIGHTS)
    hub.requests.clear()
    load(tmp_path, config(hub, commit))
    assert brought(tmp_path, commit) == MODEL
    assert [each.headers.get("range") for each in hub.requests if each.path.endswith("/model.safetensors")] == [
        f"bytes={size}-"
    ]


def test_a_proxy_of_the_profile_is_used(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    document = config(hub, commit)
    document["source"]["hub"] |= {"endpoint": "http://hub.example.com", "proxy": hub.url}
    hub.storage = "http://files.example.com"
    load(tmp_path, document)
    assert brought(tmp_path, commit) == MODEL
    assert {each.host for each in hub.requests} == {"hub.example.com", "files.example.com"}


def test_an_address_with_a_path_is_used(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    document = config(hub, commit)
    document["source"]["hub"]["endpoint"] = f"{hub.url}{PREFIX}/"
    load(tmp_path, document)
    assert brought(tmp_path, commit) == MODEL


@given(extra=st.sets(st.sampled_from([*OTHERS, "a/b.json", "x.ckpt", ".env", "flax_model.msgpack", "w.onnx"])))
def test_only_what_a_stage_reads_is_chosen(extra: set[str]) -> None:
    model = HubModel(name=NAME, commit="a" * 40)
    assert files_of(model, {*MODEL, *extra}, code=False) == sorted(MODEL)


@given(cuts=st.lists(st.integers(0, 200), min_size=1, max_size=4), digest=st.sampled_from(["sha256", "blob"]))
def test_wherever_it_breaks_the_bytes_are_right(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], digest: str
) -> None:
    content, left = bytes(range(200)), iter(cuts)
    name = hashlib.sha256(content).hexdigest() if digest == "sha256" else blob_of(content)

    class Breaking:
        name = "here"

        def read(self, file: SourceFile, start: int) -> Iterator[bytes]:
            end = next(left, 200)
            yield content[start:end]
            if end < 200:
                raise SourceError("broken")

    file = SourceFile(path="x", size=200, tag=name, **{digest: name})
    root = tmp_path_factory.mktemp("root")
    part_of(root / "x").write_bytes(content[: cuts[0]])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fetch_files, "BACKOFF_SECONDS", 0.0)
        fetcher = Fetcher(label="test", events=Events(), stop=StopRequest())
        fetcher.fetch(Breaking(), file, root, "x", None)  # type: ignore[arg-type]
    assert [path.name for path in root.iterdir()] == ["x"]
    assert (root / "x").read_bytes() == content


# --- the command


def fetch(hub: Hub, models: Path, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    online = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}  # which stages set
    known = online | {"HF_ENDPOINT": hub.url, "HF_HOME": str(models.parent / "hf"), "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        [sys.executable, "-m", "runtime.fetch", *arguments, "--models", str(models)],
        env=known | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )


@pytest.mark.slow
def test_the_command_writes_the_same_files_as_the_stage(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL | OTHERS)
    hub.gated = {NAME}
    process = fetch(hub, tmp_path / "models", f"{NAME}@{commit}", HF_TOKEN=TOKEN)
    out, err = process.communicate(timeout=HUNG_SECONDS)
    assert process.returncode == 0, err
    assert out.strip() == str(tmp_path / "models" / NAME / commit)
    assert "GB" in err
    assert TOKEN not in out + err
    assert brought(tmp_path, commit) == MODEL
    hub.requests.clear()
    report, _ = load(tmp_path, config(hub, commit))
    assert (report["fetched"], hub.requests) == (0, [])


@pytest.mark.slow
def test_offline_asks_no_hub_and_takes_what_is_whole(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    models = tmp_path / "models"

    def bring(reference: str) -> Path:
        stop = StopRequest()
        return fetch_model.fetch_from_hub(reference, models, str, stop, with_code=False, offline=True)

    for reference in (f"{NAME}@{commit}", f"{NAME}@main"):
        with pytest.raises(StageError, match="HF_HUB_OFFLINE") as caught:
            bring(reference)
        assert caught.value.problem.code == "RUN704"
        assert "copy the folder" in caught.value.problem.hint
    online = fetch(hub, models, f"{NAME}@{commit}")
    folder = Path(online.communicate(timeout=HUNG_SECONDS)[0].strip())
    hub.requests.clear()
    assert bring(f"{NAME}@{commit}") == folder
    (folder / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(StageError, match="is not whole"):
        bring(f"{NAME}@{commit}")
    assert hub.requests == []


@pytest.mark.slow
def test_a_killed_command_continues(hub: Hub, tmp_path: Path) -> None:
    weights = os.urandom(20_000_000)
    commit = hub.add(NAME, MODEL | {"model.safetensors": weights})
    hub.chunk_seconds = 0.05
    process = fetch(hub, tmp_path / "models", f"{NAME}@{commit}")
    part = tmp_path / "models" / NAME / commit / ".model.safetensors.part"
    until = time.monotonic() + HUNG_SECONDS
    while not (part.is_file() and part.stat().st_size) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    size = part.stat().st_size
    assert 0 < size < len(weights)
    hub.chunk_seconds = 0.0
    hub.requests.clear()
    process = fetch(hub, tmp_path / "models", f"{NAME}@{commit}")
    _, err = process.communicate(timeout=HUNG_SECONDS)
    assert process.returncode == 0, err
    assert brought(tmp_path, commit)["model.safetensors"] == weights
    assert f"bytes={size}-" in [each.headers.get("range") for each in hub.requests]


@pytest.mark.slow
def test_two_commands_at_once_bring_it_once(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(NAME, MODEL)
    hub.chunk_seconds = 0.2
    processes = [fetch(hub, tmp_path / "models", f"{NAME}@{commit}") for _ in range(2)]
    for each in processes:
        _, err = each.communicate(timeout=HUNG_SECONDS)
        assert each.returncode == 0, err
    assert brought(tmp_path, commit) == MODEL
    assert hub.read.count("model.safetensors") == 1


def test_a_branch_is_refused_and_its_commit_named(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    commit = hub.add(NAME, MODEL)
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    with pytest.raises(StageError) as caught:
        fetch_model.fetch_from_hub(f"{NAME}@main", tmp_path, print, StopRequest(), with_code=False)
    assert (caught.value.problem.code, int(caught.value.exit_code)) == ("RUN762", 78)
    assert f"`revision: {commit}`" in caught.value.problem.hint
    assert not any(tmp_path.iterdir())


def test_names_that_no_hub_can_have() -> None:
    assert hub_model(f"{NAME}/{'a' * 40}") is not None
    assert hub_model("own/1") is None
    assert hub_model(f"own/{'a' * 40}") is None
    for name in ("own", "a/b/c", "a--b/c", "a/b..c", "a/.b", "a/b-", "a/b.git", "a/" + "b" * 97):
        assert name_fault(name), name
    assert name_fault("01-ai/Yi_1.5-9B") == ""


@pytest.mark.slow
def test_a_certificate_that_nobody_knows_is_named(hub: Hub, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl")
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([openssl, *made, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    commit = hub.add(NAME, MODEL)
    with model_hub() as secure:
        secure.models, secure.branches = hub.models, hub.branches
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        secure.use(context)
        code, exit_code, _, hint = failure(tmp_path / "a", config(secure, commit))
        assert (code, exit_code) == ("RUN703", 78)
        assert "SSL_CERT_FILE" in hint
        process = fetch(secure, tmp_path / "b" / "models", f"{NAME}@{commit}", SSL_CERT_FILE=str(certificate))
        _, err = process.communicate(timeout=HUNG_SECONDS)
        assert process.returncode == 0, err
        assert brought(tmp_path / "b", commit) == MODEL
