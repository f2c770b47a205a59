"""An evaluation with a judge: raw and corrected figures, and a gate that reads only what counts."""

import copy
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.chat_endpoint import Response, Server, said, served

RUBRIC = "Passes if it helps.\n"
AGREEMENT = {"true_pass": 45, "false_fail": 5, "false_pass": 10, "true_fail": 40}
ROWS = 40


def every_other(number: int, body: dict[str, Any]) -> Response:
    """Passes the rows with an even number, and gives no verdict on row 7."""
    row = int(body["messages"][-1]["content"].split("row ")[1].split()[0])
    if row == 7:
        return said("hard to say")
    return said(json.dumps({"verdict": "fail" if row % 2 else "pass", "reason": f"row {row}"}))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with served() as started:
        started.respond = every_other
        yield started


@pytest.fixture
def judged(workspace: Any, build: Any, server: Server) -> dict[str, Any]:
    rows = [{"id": f"{at}", "prompt": f"row {at} ?", "reference": f"answer {at}"} for at in range(ROWS)]
    (workspace.data / "helpful.md").write_text(RUBRIC, encoding="utf-8")
    config: dict[str, Any] = build.base_config(
        "judged",
        "evaluate",
        workspace.write_rows("heldout.jsonl", rows, "evaluation"),
        generation={"max_new_tokens": 4, "batch_size": 20},
        metrics=[{"name": "exact_match"}, {"name": "helpful", "use": "judge", "options": {"rubric": "helpful.md"}}],
        metric_code={"helpful.md": hashlib.sha256(RUBRIC.encode()).hexdigest()},
        judge={
            "endpoint": server.url,
            "name": "large",
            "revision": "1",
            "requests_per_minute": 60000,
            "agreements": {"helpful": AGREEMENT},
        },
        gate={
            "metric": "exact_match",
            "target": 0.5,
            "baseline": None,
            "others": [{"metric": "helpful", "target": 0.2}],
        },
    )
    return config


def test_a_judged_metric_is_corrected_and_decides(workspace: Any, judged: dict[str, Any], server: Server) -> None:
    assert workspace.run(workspace.write_config("first", judged)).code == 0
    metrics = workspace.metrics("plan-judged")
    found, report = metrics["metrics"]["helpful"], metrics["report"]["judged"]["helpful"]
    raw = 20 / 39
    assert (report["raw"]["value"], report["raw"]["n"], report["unjudged"]) == (raw, 39, 1)
    assert found["value"] == pytest.approx((raw + 0.8 - 1) / 0.7)
    assert found["low"] < report["raw"]["low"] < found["value"] < found["high"]
    assert (report["judge"], report["agreement"]["tpr"], report["agreement"]["tnr"]) == ("large/1", 0.9, 0.8)
    assert "`helpful` is 0.447" in metrics["gate"]["reason"]
    page = (workspace.outputs / "plan-judged" / "report.html").read_text(encoding="utf-8")
    assert "judged.helpful.raw.value" in page
    lines = (workspace.outputs / "plan-judged" / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    scores = [json.loads(line)["scores"] for line in lines]
    assert "helpful" not in scores[7]
    assert scores[6]["helpful"] == {"value": 1.0, "reason": "row 6"}
    # the same answers against themselves: no gain, and none of the rows that the judge left open
    asked = len(server.requests)
    again = copy.deepcopy(judged) | {"output": "again"}
    again["gate"]["baseline"] = "plan-judged"
    ended = workspace.run(workspace.write_config("again", again))
    assert ended.code == 80, ended.stderr
    gain = workspace.metrics("again")["report"]["gains"]["helpful"]
    assert (gain["value"], gain["n"], len(server.requests)) == (0.0, 39, 2 * asked)


def test_without_an_agreement_a_judge_decides_nothing(workspace: Any, judged: dict[str, Any]) -> None:
    del judged["judge"]["agreements"]
    ended = workspace.run(workspace.write_config("first", judged))
    assert (ended.code, ended.error) == (78, "RUN701")
    assert "`gate` reads `helpful`, but `judge.agreements` lacks it" in ended.stderr
    judged["gate"] |= {"others": [], "unmeasured": ["helpful"], "target": 0.0}
    assert workspace.run(workspace.write_config("first", judged)).code == 0
    metrics = workspace.metrics("plan-judged")
    assert metrics["metrics"]["helpful"]["value"] == 20 / 39
    assert metrics["gate"]["verdict"] == "continue"
    reason = "`helpful` does not count, as its judge was not compared with people, so the target is not met"
    assert reason in metrics["gate"]["reason"]


def test_a_judge_without_verdicts_ends_the_stage_and_keeps_what_it_said(
    workspace: Any, judged: dict[str, Any], server: Server
) -> None:
    server.respond = lambda number, body: said("hard to say")
    path = workspace.write_config("first", judged)
    for _ in range(2):
        ended = workspace.run(path)
        assert (ended.code, ended.error) == (65, "RUN735"), ended.stderr
        assert len(server.requests) == 2 * ROWS


def test_a_judge_that_is_away_is_reported_before_the_model_is_loaded(
    workspace: Any, judged: dict[str, Any], server: Server
) -> None:
    server.models = (200, {}, json.dumps({"data": [{"id": "small"}]}).encode())
    ended = workspace.run(workspace.write_config("first", judged))
    assert (ended.code, ended.error) == (78, "RUN764")
    assert [event["name"] for event in ended.events if event["event"] == "phase"] == ["check data"]
