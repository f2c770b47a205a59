"""Prompt optimisation against an endpoint whose answers depend on the prompt: choice, budget, resume, faults."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.chat_endpoint import Response, Server, said, served
from support.waiting import HUNG_SECONDS

from runtime.contract.errors import StageError
from runtime.make.prompts import stage as optimise
from runtime.model.endpoint import client
from runtime.stage.report import Outcome, result_message

sys.path.insert(0, str(Path(__file__).parent))
import prompt_task as task

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(client, "BACKOFF_SECONDS", 0.001)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with served() as started:
        started.respond = task.answer
        yield started


def run(server: Server, folder: Path, **changes: Any) -> Outcome:
    with task.context_in(folder) as context:
        return optimise.run(task.stage_of(server, context, **changes), context)


def texts(server: Server) -> list[str]:
    return [json.dumps(body, ensure_ascii=False, sort_keys=True) for body in server.requests]


def test_the_best_prompt_is_reported_on_rows_that_chose_nothing(server: Server, tmp_path: Path) -> None:
    outcome = run(server, tmp_path)
    found = outcome.report["prompt"]
    assert found["rounds"][0]["score"] == 0.0
    assert (outcome.metrics["exact_match"].value, outcome.metrics["exact_match"].n) == (1.0, 24)
    assert outcome.report["gains"]["exact_match"]["low"] > 0
    assert (found["final"], found["rounds"][1]["technique"]) == (True, "rules")
    folder = tmp_path / "outputs" / "out"
    text = (folder / "prompt.md").read_text(encoding="utf-8")
    assert "只能回答以下之一，写法与此处完全一致：INV、PWD、RET。" in text
    diff = (folder / "prompt.diff").read_text(encoding="utf-8")
    assert "+规则：" in diff
    # no question that wrote or chose a prompt is one that reports
    assert found["splits"] == {"propose": 24, "select": 36, "report": 24, "dropped": 0}
    assert not any("留出" in line for line in text.splitlines())


def test_a_race_drops_bad_prompts_and_says_what_that_saved(server: Server, tmp_path: Path) -> None:
    found = run(server, tmp_path).report["prompt"]
    [first, *_] = found["races"]
    left = [each for each in first["runners"] if each["left"]]
    assert left
    assert all(each["answers"] < first["questions"] for each in left)
    assert found["calls"]["saved"] > 0
    assert found["calls"]["made"] == len(server.requests)


def test_no_call_is_paid_twice_and_a_second_run_pays_for_none(server: Server, tmp_path: Path) -> None:
    first = run(server, tmp_path)
    paid = texts(server)
    assert len(paid) == len(set(paid))
    again = run(server, tmp_path)
    assert texts(server) == paid
    assert again.as_fields() == first.as_fields()


def test_rows_that_report_are_left_out_of_the_others(server: Server, tmp_path: Path) -> None:
    shared = {"prompt": task.held_out(1)[0]["prompt"], "answer": "?", "fix": "INV"}
    found = run(server, tmp_path, rows=[*task.badcases(60), shared]).report["prompt"]
    assert found["splits"]["dropped"] == 1


def test_too_few_rows_are_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="independent questions to write prompts from") as refused:
        run(server, tmp_path, rows=task.badcases(8))
    assert refused.value.problem.code == "RUN775"
    assert server.requests == []


def test_few_rows_are_said(server: Server, tmp_path: Path) -> None:
    report = run(server, tmp_path, rows=task.badcases(40), reports=task.held_out(12)).report
    assert report["warnings"] == [
        "the choice of the winner rests on 12 independent questions",
        "the score of the winner rests on 12 independent questions",
    ]


def test_a_spent_budget_ends_with_the_best_prompt_so_far(server: Server, tmp_path: Path) -> None:
    outcome = run(server, tmp_path, budget={"calls": 120})
    found = outcome.report["prompt"]
    assert (found["final"], found["ending"]) == (False, "the budget is spent")
    assert "not final" in outcome.report["warnings"][-1]
    assert len(server.requests) <= 120
    assert (tmp_path / "outputs" / "out" / "prompt.md").exists()
    more = run(server, tmp_path, budget={"calls": 5000}).report["prompt"]
    assert more["final"]
    assert len(texts(server)) == len(set(texts(server)))


def test_money_is_a_budget_too(server: Server, tmp_path: Path) -> None:
    price = {"input": 100_000.0, "output": 250_000.0}  # $1 a call
    block = {"name": "chat", "revision": "1", "endpoint": server.url, "requests_per_minute": 100_000, "price": price}
    found = run(server, tmp_path, served=block, budget={"calls": 5000, "usd": 120.0}).report["prompt"]
    assert not found["final"]
    assert found["calls"]["usd"] == len(server.requests) <= 120


def test_a_budget_below_the_current_prompt_is_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(StageError) as refused:
        run(server, tmp_path, budget={"calls": 23})
    assert (refused.value.problem.code, server.requests) == ("RUN777", [])


@pytest.mark.parametrize(
    "fault", [(429, {"Retry-After": "0"}, b""), (500, {}, b"down"), (200, {}, b'{"cho'), (0, {}, b"")]
)
def test_a_fault_that_passes_changes_nothing(server: Server, tmp_path: Path, fault: Response) -> None:
    server.respond = lambda number, body: fault if number % 7 == 0 else task.answer(number, body)
    outcome = run(server, tmp_path)
    assert outcome.metrics["exact_match"].value == 1.0
    assert outcome.report["prompt"]["calls"]["asked_again"] > 0


def test_a_hang_is_asked_again(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "REQUEST_SECONDS", 0.2)
    release = threading.Event()

    def respond(number: int, body: dict[str, Any]) -> Response:
        if number == 5:
            release.wait(HUNG_SECONDS)
        return task.answer(number, body)

    server.respond = respond
    try:
        assert run(server, tmp_path).metrics["exact_match"].value == 1.0
    finally:
        release.set()


@pytest.mark.parametrize("reply", [said(""), (400, {}, b"content filter")])
def test_a_refused_question_counts_as_wrong(server: Server, tmp_path: Path, reply: Response) -> None:
    refused = task.question(7, "留出")

    def respond(number: int, body: dict[str, Any]) -> Response:
        return reply if refused in body["messages"][-1]["content"] else task.answer(number, body)

    server.respond = respond
    assert run(server, tmp_path).metrics["exact_match"].value == 23 / 24


def test_an_endpoint_that_is_down_ends_the_stage_to_be_tried_again(server: Server, tmp_path: Path) -> None:
    server.respond = lambda number, body: (503, {}, b"down")
    with pytest.raises(StageError) as ended:
        run(server, tmp_path)
    assert ended.value.problem.code == "RUN765"


def test_a_reflection_model_rewrites_the_prompt_from_failures(server: Server, tmp_path: Path) -> None:
    read: list[str] = []

    def respond(number: int, body: dict[str, Any]) -> Response:
        if body["model"] != "strong":
            return task.answer(number, body)
        read.append(body["messages"][0]["content"])
        return said("```\n只能回答以下之一：INV、PWD、RET。\n```")

    server.respond = respond
    strong = {"name": "strong", "revision": "9", "endpoint": server.url, "requests_per_minute": 100_000}
    changes = {"reflection": strong, "work": {"techniques": {"rules": []}, "max_rounds": 1, "candidates": 1}}
    outcome = run(server, tmp_path, **changes)
    [race] = outcome.report["prompt"]["races"]
    assert [each["origin"] for each in race["runners"]] == ["the current prompt", "proposal 1 of the reflection model"]
    assert outcome.metrics["exact_match"].value == 1.0
    assert "Right answer" in read[0]
    assert "留出" not in "".join(read)
    paid = len(server.requests)
    run(server, tmp_path, **changes)
    assert len(server.requests) == paid


def test_a_failing_reflection_model_ends_the_stage_and_not_only_gepa(server: Server, tmp_path: Path) -> None:
    server.respond = lambda number, body: (503, {}, b"") if body["model"] == "strong" else task.answer(number, body)
    strong = {"name": "strong", "revision": "9", "endpoint": server.url, "requests_per_minute": 100_000}
    with pytest.raises(StageError, match="reflection at") as ended:
        run(server, tmp_path, reflection=strong)
    assert ended.value.problem.code == "RUN765"


def test_the_termination_message_keeps_the_rounds(server: Server, tmp_path: Path) -> None:
    outcome = run(server, tmp_path)
    document = {"method": "optimize-prompt", "score": "", "ended": "", **outcome.as_fields()}
    message = result_message(document, "0" * 64, "complete", 0)
    assert len(json.dumps(message, ensure_ascii=False).encode()) <= 4096
    assert message["report"]["prompt"]["rounds"][0]["name"] == "current"


def test_a_kill_repeats_no_answered_call(server: Server, tmp_path: Path) -> None:
    with task.context_in(tmp_path) as context:
        config = task.stage_of(server, context).model_dump(by_alias=True, mode="json", exclude_none=True)
    for block in config["data"]:
        block |= {"sha256": None, "rows": None}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    volumes = {f"TRAINSPEC_{name.upper()}": str(tmp_path / name) for name in ("models", "data", "outputs")}
    command = [sys.executable, "-m", "runtime", str(tmp_path / "config.yaml")]
    environment = {**os.environ, **volumes, "NO_PROXY": "127.0.0.1", "PYTHONPATH": str(REPOSITORY)}
    stages: list[subprocess.Popen[bytes]] = []

    def respond(number: int, body: dict[str, Any]) -> Response:
        if number in (20, 100):
            stages[-1].send_signal(signal.SIGKILL)
        return task.answer(number, body)

    server.respond = respond
    codes = []
    for _ in range(3):
        stages.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        codes.append(stages[-1].wait(HUNG_SECONDS))
    assert codes == [-signal.SIGKILL, -signal.SIGKILL, 0]
    repeated = len(texts(server)) - len(set(texts(server)))
    assert repeated <= 2 * 4  # the requests that were open at a kill: at most the concurrency of the endpoint
    metrics = json.loads((tmp_path / "outputs" / "out" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["metrics"]["exact_match"]["value"] == 1.0
    assert metrics["score"].startswith("exact_match 0.000 → 1.000 (")
    page = (tmp_path / "outputs" / "out" / "report.html").read_text(encoding="utf-8")
    assert '<span class="added">+规则：</span>' in page


def test_the_file_of_the_prompt_is_checked(server: Server, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "prompt.md").write_text(
        textwrap.dedent("""\
            把邮件归到一个队列。

            邮件：{question}
            """),
        encoding="utf-8",
    )
    with pytest.raises(StageError) as refused:
        run(server, tmp_path, prompt={"path": "prompt.md", "sha256": "0" * 64})
    assert refused.value.problem.code == "RUN778"
