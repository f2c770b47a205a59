"""A teacher behind a real HTTP server of this process: answers, retries, and errors that end the stage."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from support.chat_endpoint import Response, Server, said, served

from runtime.contract.errors import StageError
from runtime.contract.served import TEACHER_KEY
from runtime.contract.stages import TeacherStage
from runtime.contract.volumes import Volumes
from runtime.make.teacher import stage as ask_teacher
from runtime.model.endpoint import batch, client
from runtime.model.endpoint.client import Endpoint, Service
from runtime.stage.context import StageContext
from runtime.stage.events import EventStream
from runtime.stage.stop import StopRequest


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(client, "BACKOFF_SECONDS", 0.001)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv(TEACHER_KEY, raising=False)
    with served() as started:
        yield started


@pytest.fixture
def context(tmp_path: Path) -> Iterator[StageContext]:
    for name in ("models", "data", "outputs/out"):
        (tmp_path / name).mkdir(parents=True)
    volumes = Volumes(models=tmp_path / "models", data=tmp_path / "data", outputs=tmp_path / "outputs")
    folder = volumes.outputs / "out"
    with (tmp_path / "events.jsonl").open("w") as stream:
        events, unused = EventStream(stream), cast("Any", None)
        made = StageContext(
            volumes=volumes, folder=folder, config_sha256="0" * 64, events=events, stop=StopRequest(), stage=unused
        )
        yield made


def stage_of(server: Server, context: StageContext, rows: list[dict[str, Any]], **changes: Any) -> TeacherStage:
    """A teacher stage over `rows`, with `changes` to its `work` and `teacher`."""
    shape = changes.pop("shape", "prompt")
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (context.volumes.outputs / "prompts.jsonl").write_text(content, encoding="utf-8")
    block = {"path": "prompts.jsonl", "shape": shape, "volume": "outputs", "sha256": None, "rows": None}
    teacher = {"name": "large", "revision": "3", "access": "text", "endpoint": server.url, "license": "MIT"}
    teacher |= {"outputs_may_train": True} | changes.pop("teacher", {})
    work = {"samples": 1, "temperature": 0.7, "max_new_tokens": 16, "keep": "all", "requests_per_minute": 60000}
    work |= {"makes": {"prompt-completion": True}} | changes.pop("work", {})
    model = {"path": "small/1", "adapters": [], "dtype": "float32", "trust_remote_code": False}
    return TeacherStage.model_validate(
        {
            "schema": "trainspec.dev/stage/v1",
            "plan": "mail",
            "stage": "teacher",
            "method": "teacher",
            "output": "out",
            "seed": 7,
            "model": model,
            "data": [block],
            "teacher": teacher,
            "metrics": [{"name": "exact_match", **changes.pop("metric", {})}],
            "work": work,
        }
    )


def written(context: StageContext, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (context.folder / name).read_text(encoding="utf-8").splitlines()]


def test_rows_and_their_provenance(server: Server, context: StageContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TEACHER_KEY, "secret-key")
    prompts: list[Any] = [
        "发票在哪？",
        [{"role": "system", "content": "be short"}, {"role": "user", "content": "two?"}],
    ]
    for prompt in prompts:
        stage = stage_of(server, context, [{"prompt": prompt}])
        outcome = ask_teacher.run(stage, context)
        (row,) = written(context, "prompt-completion.jsonl")
        assert row["prompt"] == prompt
        provenance = json.loads((context.folder / "provenance.json").read_text(encoding="utf-8"))
        assert provenance["teacher"]["license"] == outcome.report["license"] == "MIT"
        assert provenance["counts"]["kept"] == 1
        assert "secret-key" not in json.dumps(provenance)
    assert row["completion"] == [{"role": "assistant", "content": "answer to two?"}]
    assert server.requests[0]["messages"] == [{"role": "user", "content": "发票在哪？"}]
    assert (server.requests[0]["model"], server.requests[0]["max_tokens"]) == ("large", 16)
    assert set(server.keys) == {"Bearer secret-key"}
    assert not list(context.folder.glob("*.partial.jsonl"))


@pytest.mark.parametrize(
    "fault", [(429, {"Retry-After": "0"}, b""), (503, {}, b"down"), (200, {}, b"{oops"), (0, {}, b"")]
)
def test_temporary_errors_are_retried(server: Server, context: StageContext, fault: Response) -> None:
    server.respond = lambda number, body: fault if number < 3 else said("at last")
    outcome = ask_teacher.run(stage_of(server, context, [{"prompt": "one?"}]), context)
    assert written(context, "prompt-completion.jsonl")[0]["completion"] == "at last"
    assert (len(server.requests), outcome.report["asked_again"]) == (3, 2)


def test_a_limit_is_waited_for_as_long_as_the_endpoint_asks(server: Server, context: StageContext) -> None:
    server.respond = lambda number, body: (429, {"Retry-After": "600"}, b"") if number == 1 else said("?")
    with pytest.raises(StageError, match="requests a delay of 600 s") as caught:
        ask_teacher.run(stage_of(server, context, [{"prompt": "one?"}]), context)
    assert (caught.value.problem.code, caught.value.exit_code) == ("RUN765", 75)


@pytest.mark.parametrize(("status", "hint"), [(401, "TEACHER_API_KEY"), (404, "name"), (400, "limits")])
def test_a_refusal_ends_the_stage_for_good(server: Server, context: StageContext, status: int, hint: str) -> None:
    server.respond = lambda number, body: (status, {}, '{"error": "不行"}'.encode())
    with pytest.raises(StageError, match="不行") as caught:
        ask_teacher.run(stage_of(server, context, [{"prompt": "one?"}]), context)
    assert (caught.value.problem.code, caught.value.exit_code) == ("RUN764", 78)
    assert hint in caught.value.problem.hint
    assert [body["model"] for body in server.requests] == (["large"] if status == 401 else ["large", "large/3"])


def test_a_server_that_lists_nothing_is_tried_with_the_other_name_too(server: Server, context: StageContext) -> None:
    # As `transformers serve DIR` does: its list is empty, and it takes the name that it was started with alone.
    server.models = (200, {}, b'{"object": "list", "data": []}')
    pinned = (400, {}, b'{"detail": "Server is pinned to \'large/3\'"}')
    server.respond = lambda number, body: said("yes") if body["model"] == "large/3" else pinned
    rows = [{"prompt": f"{number}?"} for number in range(5)]
    ask_teacher.run(stage_of(server, context, rows, work={"concurrency": 1}), context)
    assert [body["model"] for body in server.requests] == ["large", *["large/3"] * 5]


def test_an_endpoint_that_is_down_can_be_retried_and_loses_no_answer(server: Server, context: StageContext) -> None:
    rows = [{"prompt": f"question {number}?"} for number in range(6)]
    stage = stage_of(server, context, rows, work={"concurrency": 1})
    server.respond = lambda number, body: said(f"answer {number}") if number <= 4 else (500, {}, b"")
    with pytest.raises(StageError, match="failed 6 times") as caught:
        ask_teacher.run(stage, context)
    assert caught.value.exit_code == 75
    with (context.folder / "teacher.partial.jsonl").open("a") as stream:
        stream.write('{"config_sha256": "half-writ')
    requests = len(server.requests)
    server.respond = lambda number, body: said("later")
    ask_teacher.run(stage, context)
    assert len(server.requests) == requests + 2
    completions = [row["completion"] for row in written(context, "prompt-completion.jsonl")]
    assert completions == ["answer 1", "answer 2", "answer 3", "answer 4", "later", "later"]


def test_no_connection_can_be_retried(server: Server, context: StageContext) -> None:
    stage = stage_of(server, context, [{"prompt": "?"}], teacher={"endpoint": "http://127.0.0.1:9/v1"})
    with pytest.raises(StageError) as caught:
        ask_teacher.run(stage, context)
    assert caught.value.problem.code == "RUN765"


def test_a_stop_is_not_kept_waiting_by_a_slow_answer(
    server: Server, context: StageContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "DRAIN_SECONDS", 0.1)
    released = threading.Event()

    def respond(number: int, body: dict[str, Any]) -> Response:
        if number > 1:
            context.stop.signal_name = "SIGTERM"
            released.wait()
        return said("first")

    server.respond = respond
    stage = stage_of(server, context, [{"prompt": "a?"}, {"prompt": "b?"}], work={"concurrency": 1})
    with pytest.raises(StageError, match="1 of 2 prompts") as caught:
        ask_teacher.run(stage, context)
    released.set()
    assert caught.value.problem.code == "RUN740"


def test_requests_are_few_at_once_and_evenly_spaced(server: Server, context: StageContext) -> None:
    rows = [{"prompt": f"{number}?"} for number in range(9)]
    ask_teacher.run(stage_of(server, context, rows, work={"concurrency": 2}), context)
    assert len(server.requests) == 9
    assert server.most_at_once <= 2

    async def spaced() -> float:
        pace = client._Pace(requests_per_minute=1200)
        started = asyncio.get_running_loop().time()
        await asyncio.gather(*(pace.turn() for _ in range(5)))
        return asyncio.get_running_loop().time() - started

    assert asyncio.run(spaced()) >= 4 * 0.05


def test_the_teacher_is_found_among_what_is_served(server: Server, context: StageContext) -> None:
    server.models = (200, {}, json.dumps({"data": [{"id": "other"}, {"id": "large/3"}]}).encode())
    ask_teacher.run(stage_of(server, context, [{"prompt": "?"}]), context)
    assert server.requests[0]["model"] == "large/3"
    server.models = (200, {}, json.dumps({"data": [{"id": "other"}]}).encode())
    with pytest.raises(StageError, match="serves `other`, but neither `large`") as caught:
        ask_teacher.run(stage_of(server, context, [{"prompt": "?"}]), context)
    assert caught.value.problem.code == "RUN764"
    assert len(server.requests) == 1


def test_a_licence_that_forbids_it_is_respected(server: Server, context: StageContext) -> None:
    stage = stage_of(server, context, [{"prompt": "?"}], teacher={"outputs_may_train": False})
    with pytest.raises(StageError, match="licence `MIT`") as caught:
        ask_teacher.run(stage, context)
    assert (caught.value.problem.code, server.requests) == ("RUN763", [])


def test_only_what_most_samples_agree_on_is_kept(server: Server, context: StageContext) -> None:
    by_prompt = {"a?": ["7", "7 ", "8"], "b?": ["1", "2", "3"], "c?": ["5", "", "5"]}
    server.respond = lambda number, body: said(by_prompt[body["messages"][0]["content"]].pop(0))
    rows = [{"prompt": name} for name in by_prompt]
    stage = stage_of(server, context, rows, work={"samples": 3, "keep": "agreed", "concurrency": 1})
    report = ask_teacher.run(stage, context).report
    assert [row["completion"] for row in written(context, "prompt-completion.jsonl")] == ["7", "5"]
    assert report["dropped"] == {"another answer than most": 1, "empty": 1, "no agreement": 3, "repeated": 2}
    assert report["mean_agreement"] == pytest.approx((2 / 3 + 1 / 3 + 2 / 3) / 3, abs=1e-4)
    assert len({body["seed"] for body in server.requests}) == 9


def test_chains_are_kept_where_the_metric_finds_their_answer_right(server: Server, context: StageContext) -> None:
    texts = {"1 + 1?": "one and one\n#### 2", "2 + 2?": "two and two\n#### 5", "3 + 3?": "6", "4 + 4?": "#### 8"}
    server.respond = lambda number, body: said(texts[body["messages"][0]["content"].split("\n")[0]])
    rows = [{"prompt": name, "completion": str(2 * int(name[0]))} for name in texts]
    work = {"keep": "verified", "makes": {"chain": True}}
    stage = stage_of(server, context, rows, shape="prompt-completion", work=work, metric={"answer_marker": "####"})
    report = ask_teacher.run(stage, context).report
    assert written(context, "chain.jsonl") == [{"prompt": "1 + 1?", "chain": "one and one", "completion": "2"}]
    assert report["dropped"] == {"no chain and answer": 2, "wrong by the metric": 1}
    assert "step by step" in server.requests[0]["messages"][0]["content"]


def test_cut_answers_are_no_examples(server: Server, context: StageContext) -> None:
    server.respond = lambda number, body: said("and then and then", finish="length")
    with pytest.raises(StageError, match="1 cut at max_new_tokens") as caught:
        ask_teacher.run(stage_of(server, context, [{"prompt": "?"}]), context)
    assert caught.value.problem.code == "RUN712"


def test_answers_whose_thoughts_never_end_are_no_examples(server: Server, context: StageContext) -> None:
    server.respond = lambda number, body: said("<think>\nso" + "\n</think>\n4" * ("2?" in str(body)))
    report = ask_teacher.run(stage_of(server, context, [{"prompt": "1?"}, {"prompt": "2?"}]), context).report
    assert report["dropped"] == {"thoughts without an end": 1}


def test_answers_are_bounded(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_ANSWER_BYTES", 100)
    server.respond = lambda number, body: said("long " * 100)

    async def ask() -> None:
        service = Service(role="teacher", url=server.url, name="large", revision="3", key_variable="K")
        async with Endpoint(service, concurrency=1, requests_per_minute=60000) as teacher:
            await teacher.query([{"role": "user", "content": "?"}], temperature=0, max_tokens=5, seed=1)

    with pytest.raises(StageError, match="more than 100 bytes"):
        asyncio.run(ask())
