"""A probe of weights: stopped or killed at any moment it resumes, and has every reply once."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from runtime.contract.blocks import ModelBlock
from runtime.contract.volumes import Volumes
from runtime.model.answering.local import LocalModel
from runtime.model.answering.request import Request
from runtime.stage.context import StageContext
from runtime.stage.events import EventStream
from runtime.stage.stop import StopRequest

TINY = ModelBlock(path="tiny/1", adapters=[], dtype="float32", trust_remote_code=False)
WORK = {
    "samples": 16,
    "temperature": 0.8,
    "prompts": 8,
    "further_samples": 2,
    "max_new_tokens": 4,
    "chain_tokens": 12,
    "batch_size": 8,
    "answer_marker": "Answer:",
}
VERDICTS = {"unstable": [{"measure": "pass_at16", "limit": 0.7, "above": True}]}


def config_of(workspace: Any, build: Any, output: str) -> Path:
    rows = [each | {"passage": f"目录：{each['fix']}"} for each in build.badcase_rows(8)]
    data = workspace.write_rows("badcases.jsonl", rows, "badcase")
    fields = {"metrics": [{"name": "exact_match"}], "verdicts": VERDICTS, "work": WORK}
    config = build.base_config("probe", "probe", data, **fields) | {"output": output}
    path: Path = workspace.write_config(output, config)
    return path


def journal(workspace: Any, output: str) -> list[dict[str, Any]]:
    text = (workspace.outputs / output / "replies.model.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def undisturbed(shared_workspace: Any, build: Any) -> dict[str, Any]:
    ended = shared_workspace.run(config_of(shared_workspace, build, "whole"))
    assert ended.code == 0, ended.stderr
    found: dict[str, Any] = shared_workspace.metrics("whole")
    return found


def test_weights_are_probed(shared_workspace: Any, undisturbed: dict[str, Any]) -> None:
    report = undisturbed["report"]
    assert report["probe"]["measures"]["pass_at1"]["value"] == 0  # random weights
    assert report["not_measured"]["constrained"] == "only an endpoint constrains answers"
    assert "ms_per_token" not in report["probe"]["measures"]  # this machine is not the deployed system
    assert report["sampling"]["looks"] >= 1
    page = (shared_workspace.outputs / "whole" / "report.html").read_text(encoding="utf-8")
    assert "Badcases, by <code>exact_match</code>" in page
    assert undisturbed["score"].startswith("pass@1 0.000")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_probe_gives_the_same_answers(
    shared_workspace: Any, build: Any, undisturbed: dict[str, Any], number: signal.Signals
) -> None:
    output = f"stopped-{number.name.lower()}"
    config = config_of(shared_workspace, build, output)
    shared_workspace.interrupt(config, number, lambda event: event["event"] == "progress" and event["done"] >= 16)
    before = journal(shared_workspace, output)
    assert 0 < len(before) < len(journal(shared_workspace, "whole"))
    with (shared_workspace.outputs / output / "replies.model.jsonl").open("ab") as stream:
        stream.write(b'{"key": "half a rec')  # as a machine that loses its power leaves it
    ended = shared_workspace.run(config)
    assert ended.code == 0, ended.stderr
    assert shared_workspace.metrics(output)["report"] == undisturbed["report"]
    records = journal(shared_workspace, output)
    assert records == journal(shared_workspace, "whole")
    assert len({each["key"] for each in records}) == len(records)


def local(models: Path, folder: Path, stop: StopRequest | None = None) -> LocalModel:
    folder.mkdir(exist_ok=True)
    context = StageContext(
        volumes=Volumes(models=models, data=folder, outputs=folder),
        folder=folder,
        config_sha256="0" * 64,
        events=EventStream(None),
        stop=stop or StopRequest(),
        stage=None,  # type: ignore[arg-type]
    )
    return LocalModel(TINY, role="model", batch_size=4, context=context)


def sampled(count: int, temperature: float = 0.8) -> list[Request]:
    return [
        Request(prompt=f"how many {number}?", max_new_tokens=6, temperature=temperature, seed=seed)
        for number in range(count)
        for seed in range(2)
    ]


def texts(model: LocalModel, requests: list[Request]) -> list[str]:
    return [reply.text for reply in model.replies(requests) if reply is not None]


def test_a_local_model_replies_once(tiny_models: Path, tmp_path: Path) -> None:
    first = local(tiny_models, tmp_path / "a")
    found = texts(first, sampled(5))
    assert len(set(found)) > 5  # samples of one prompt differ
    assert texts(local(tiny_models, tmp_path / "a"), sampled(5)) == found  # from the journal
    assert texts(local(tiny_models, tmp_path / "b"), sampled(5)) == found  # of another folder, by the same seeds


def test_greedy_replies_do_not_depend_on_their_batch(tiny_models: Path, tmp_path: Path) -> None:
    alone = texts(local(tiny_models, tmp_path / "a"), sampled(1, 0.0))
    assert texts(local(tiny_models, tmp_path / "b"), sampled(6, 0.0))[:2] == alone
    assert alone[0] == alone[1]


def test_one_request_twice_is_answered_once(tiny_models: Path, tmp_path: Path) -> None:
    model = local(tiny_models, tmp_path / "a")
    twice = texts(model, [*sampled(1), *sampled(1)])
    assert twice[:2] == twice[2:]
    assert len((tmp_path / "a" / "replies.model.jsonl").read_text(encoding="utf-8").splitlines()) == 2
