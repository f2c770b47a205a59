"""Replies of models: asked once, kept on the disk, within a budget."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.chat_endpoint import Server, said, served

from runtime.contract.errors import StageError
from runtime.contract.served import BudgetBlock, PriceBlock, ServedBlock
from runtime.model.answering.journal import Journal
from runtime.model.answering.paid import BudgetSpentError, PaidModel
from runtime.model.answering.request import Request
from runtime.model.endpoint import batch
from runtime.stage.context import StageContext
from runtime.stage.events import EventStream
from runtime.stage.stop import StopRequest


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as started:
        yield started


def model(server: Server, folder: Path, *, calls: int = 100, usd: float | None = None, at_once: int = 1) -> PaidModel:
    block = ServedBlock(
        name="writer",
        revision="1",
        endpoint=server.url,
        concurrency=at_once,
        requests_per_minute=100_000,
        price=PriceBlock(input=100_000.0, output=250_000.0),  # a reply of 5 and 2 tokens costs $1
    )
    unused: Any = None
    context = StageContext(
        volumes=unused,
        folder=folder,
        config_sha256="0" * 64,
        events=EventStream(None),
        stop=StopRequest(),
        stage=unused,
    )
    return PaidModel(
        block,
        role="writer",
        key_variable="WRITER_API_KEY",
        budget=BudgetBlock(calls=calls, usd=usd),
        context=context,
    )


def requests(count: int) -> list[Request]:
    return [Request(prompt=f"问题 {number}", max_new_tokens=8) for number in range(count)]


def test_a_request_is_paid_for_once(server: Server, tmp_path: Path) -> None:
    first = model(server, tmp_path)
    texts = [reply and reply.text for reply in first.replies([*requests(3), *requests(3)])]
    assert texts == ["answer to 问题 0", "answer to 问题 1", "answer to 问题 2"] * 2
    again = model(server, tmp_path)
    assert [reply and reply.text for reply in again.replies(requests(4))][:3] == texts[:3]
    assert (len(server.requests), again.calls, again.usd) == (4, 4, 4.0)


def test_samples_of_one_prompt_are_different_requests(server: Server, tmp_path: Path) -> None:
    several = [Request(prompt="q", max_new_tokens=8, temperature=0.8, seed=seed) for seed in range(3)]
    model(server, tmp_path).replies(several)
    assert [each["seed"] for each in server.requests] == [0, 1, 2]


def test_the_limit_of_calls_keeps_the_replies_so_far(server: Server, tmp_path: Path) -> None:
    with pytest.raises(BudgetSpentError, match="3 calls cost"):
        model(server, tmp_path, calls=3, at_once=4).replies(requests(10))
    assert len(server.requests) == 3
    model(server, tmp_path, calls=10).replies(requests(10))
    assert len(server.requests) == 10


def test_the_limit_of_money_counts_open_calls(server: Server, tmp_path: Path) -> None:
    spending = model(server, tmp_path, usd=4.5)
    with pytest.raises(BudgetSpentError, match=r"4 calls cost \$4.00, and the budget is 100 calls and \$4.50"):
        spending.replies(requests(10))
    assert (spending.calls, spending.usd) == (4, 4.0)


def test_an_endpoint_that_counts_no_tokens_cannot_limit_money(server: Server, tmp_path: Path) -> None:
    content = b'{"choices": [{"message": {"content": "ok"}}]}'
    server.respond = lambda number, body: (200, {}, content)
    with pytest.raises(StageError, match="its cost is unknown") as raised:
        model(server, tmp_path, usd=4.5).replies(requests(10))
    assert (raised.value.problem.code, len(server.requests)) == ("RUN782", 1)
    assert len(model(server, tmp_path, calls=3).replies(requests(3))) == 3


@pytest.mark.parametrize(("finish", "hint"), [("stop", "by hand"), ("length", "maxNewTokens")])
def test_an_endpoint_that_answers_nothing_measures_nothing(
    finish: str, hint: str, server: Server, tmp_path: Path
) -> None:
    server.respond = lambda number, body: said(" ", finish)
    assert len(model(server, tmp_path).replies(requests(15))) == 15
    for _ in range(2):  # again without a new call
        with pytest.raises(StageError, match="all 16 answers are empty") as raised:
            model(server, tmp_path).replies(requests(16))
        assert raised.value.problem.code == "RUN781"
        assert hint in str(raised.value.problem.hint)
    assert len(server.requests) == 16
    server.respond = lambda number, body: said("ok")
    assert len(model(server, tmp_path).replies(requests(17))) == 17


def test_a_half_written_record_is_asked_for_again(server: Server, tmp_path: Path) -> None:
    model(server, tmp_path).replies(requests(3))
    file = tmp_path / "calls.writer.jsonl"
    os.truncate(file, file.stat().st_size - 9)
    assert len(Journal(tmp_path, file.name).known) == 2
    again = model(server, tmp_path)
    again.replies(requests(3))
    assert (len(server.requests), len(file.read_text().splitlines()), again.calls) == (4, 3, 3)


def test_a_refused_request_is_not_sent_again(server: Server, tmp_path: Path) -> None:
    server.respond = lambda number, body: (
        (400, {}, b"content filter") if "1" in body["messages"][-1]["content"] else said("ok")
    )
    assert [reply and reply.text for reply in model(server, tmp_path).replies(requests(3))] == ["ok", None, "ok"]
    count = len(server.requests)
    assert model(server, tmp_path).replies(requests(3))[1] is None
    assert len(server.requests) == count


def test_a_stop_keeps_the_answers_to_open_requests(server: Server, tmp_path: Path) -> None:
    stopping, asked = model(server, tmp_path, at_once=2), threading.Event()

    def respond(number: int, body: dict[str, object]) -> tuple[int, dict[str, str], bytes]:
        if number == 2:
            stopping._stop.signal_name = "SIGTERM"
            asked.wait(3 * batch.POLL_SECONDS)
        return said("ok")

    server.respond = respond
    with pytest.raises(StageError, match="SIGTERM"):
        stopping.replies(requests(10))
    before = len(server.requests)
    assert len(Journal(tmp_path, "calls.writer.jsonl").known) == before
    model(server, tmp_path).replies(requests(10))
    assert len(server.requests) == 10
