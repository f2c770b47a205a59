"""The judge of free-text answers: what it is asked, what counts as a verdict, and that nothing is asked twice."""

import hashlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.chat_endpoint import Response, Server, said, served

from runtime.contract.agreement import Agreement, corrected_gain, corrected_share
from runtime.contract.errors import StageError
from runtime.contract.judging import KEY_VARIABLE, JudgeBlock
from runtime.model.endpoint import batch, client
from runtime.scoring.judge.agreement import main
from runtime.scoring.judge.log import LOG_FILE
from runtime.scoring.judge.panel import Case, JudgePanel, require_verdicts
from runtime.scoring.judge.prompt import as_data, messages_of
from runtime.scoring.judge.verdict import read_verdict
from runtime.stage.events import EventStream
from runtime.stage.stop import StopRequest

RUBRIC = "Passes if it says the same. {Braces} are text.\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(client, "BACKOFF_SECONDS", 0.001)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    with served() as started:
        started.respond = by_answer
        yield started


def by_answer(number: int, body: dict[str, Any]) -> Response:
    """Passes answers with `good`, fails others."""
    answer = body["messages"][-1]["content"].split("<<< answer")[1]
    verdict = "pass" if "good" in answer else "fail"
    return said(json.dumps({"reason": "as the rubric says", "verdict": verdict}))


def panel_of(server: Server, folder: Path, stop: StopRequest | None = None, **changes: Any) -> JudgePanel:
    (folder / "rubric.md").write_text(RUBRIC, encoding="utf-8")
    judge = {"endpoint": server.url, "name": "large", "revision": "1", "requests_per_minute": 60000} | changes
    rubrics = {"rubric.md": hashlib.sha256(RUBRIC.encode()).hexdigest()}
    block = JudgeBlock.model_validate(judge)
    return JudgePanel(block, rubrics, folder, folder=folder, events=EventStream(None), stop=stop or StopRequest())


def cases(*answers: str) -> list[Case]:
    return [Case(question="why?", answer=answer, reference="so") for answer in answers]


@pytest.mark.parametrize(
    ("reply", "passed"),
    [
        ('{"reason": "ok", "verdict": "pass"}', True),
        ('```json\n{"verdict": "FAIL", "reason": "no"}\n```', False),
        ('<think>{"verdict": "fail"} or not?</think>\n{"verdict": "pass"}', True),
        ('so far so good</think>{"verdict": "pass"}', True),
        ('理由如下：{"reason": "数字不对", "verdict": "不通过"}', False),
        ('{"reason": "a {brace} and a \\"quote\\"", "verdict": "pass"}', True),
        ('{"reason": "line\nbreak", "verdict": "pass"}', True),
        ('{"verdict": "pass"} {"verdict": "pass"}', True),
        ('{"verdict": true}', True),
        ('{"verdict": "Fail."}', False),
        ('{"verdict": 1}', None),
        ("pass", None),
        ("", None),
        ('{"verdict": "maybe"}', None),
        ('{"verdict": "pass"', None),
        ('<think>{"verdict": "pass"}', None),
        ('it quotes {"verdict": "pass"}, so {"verdict": "fail"}', None),
        ('{"outer": {"verdict": "pass"}}', None),
        ('["pass"]', None),
    ],
)
def test_a_verdict_is_read_from_the_json_alone(reply: str, passed: bool | None) -> None:
    found = read_verdict(reply)
    assert (found and found.passed) == passed if passed else (found.passed if found else None) == passed


@given(st.text(alphabet="<>answer |/s{}\n", max_size=60), st.sampled_from(["en", "zh"]))
def test_no_answer_can_close_its_delimiter(answer: str, language: Any) -> None:
    system, user = messages_of(RUBRIC, question="q", reference="r", answer=answer, language=language)
    code = user["content"].split("\n")[0].split()[-1]
    assert code in system["content"]
    assert user["content"].count(code) == 6
    assert user["content"].endswith(f"{as_data(answer)}\n>>> {user['content'].split()[-2]} {code}")


@pytest.mark.parametrize(
    "mark", ["<|im_end|>", "<｜end▁of▁sentence｜>", "</s>", "[/INST]", "<end_of_turn>", "</think>"]
)
def test_marks_of_chat_templates_become_text(mark: str) -> None:
    shown = as_data(f"a {mark} b")
    assert mark not in shown
    assert shown.replace("< ", "<").replace("[ ", "[") == f"a {mark} b"


def test_each_answer_is_asked_for_once(server: Server, tmp_path: Path) -> None:
    first = panel_of(server, tmp_path).verdicts("rubric.md", cases("good", "bad", "good"))
    assert [verdict and verdict.passed for verdict in first] == [True, False, True]
    assert len(server.requests) == 2
    assert {request["temperature"] for request in server.requests} == {0.0}
    assert RUBRIC.strip() in server.requests[0]["messages"][0]["content"]
    again = panel_of(server, tmp_path).verdicts("rubric.md", cases("good", "bad", "other"))
    assert [verdict and verdict.passed for verdict in again] == [True, False, False]
    assert len(server.requests) == 3


def test_an_endpoint_may_name_its_limit_otherwise(server: Server, tmp_path: Path) -> None:
    refused = b'{"error": {"message": "Unsupported parameter: \'max_tokens\'. Use \'max_completion_tokens\' instead."}}'
    server.respond = lambda number, body: (400, {}, refused) if "max_tokens" in body else by_answer(number, body)
    found = panel_of(server, tmp_path).verdicts("rubric.md", cases("good", "bad", "other"))
    assert [verdict and verdict.passed for verdict in found] == [True, False, False]


OPENAI = "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported."


@pytest.mark.parametrize(
    ("status", "refused"),
    [(400, {"temperature": OPENAI}),
     (400, {"seed": "Unrecognized request argument supplied: seed"}),
     (422, {"temperature": "temperature: Extra inputs are not permitted", "seed": "seed: Extra inputs are not permitted"}),
     (400, {"max_tokens": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.", "temperature": OPENAI})],
)  # fmt: skip
def test_an_endpoint_may_refuse_a_field(server: Server, tmp_path: Path, status: int, refused: dict[str, str]) -> None:
    """Reasoning models do: the field is left out from then on."""

    def respond(number: int, body: dict[str, Any]) -> Response:
        named = next((text for name, text in refused.items() if name in body), "")
        return (status, {}, json.dumps({"error": {"message": named}}).encode()) if named else by_answer(number, body)

    server.respond = respond
    found = panel_of(server, tmp_path, concurrency=1).verdicts("rubric.md", cases("good", "bad", "other"))
    assert [verdict and verdict.passed for verdict in found] == [True, False, False]
    assert len(server.requests) == len(refused) + 3
    assert server.requests[-1].keys().isdisjoint(refused)


def test_a_content_filter_takes_no_field_away(server: Server, tmp_path: Path) -> None:
    """One answer is rejected in words that name a field which the endpoint takes."""
    filtered = b'{"error": {"message": "the temperature in this answer is not allowed"}}'

    def respond(number: int, body: dict[str, Any]) -> Response:
        return (400, {}, filtered) if "rude" in body["messages"][-1]["content"] else by_answer(number, body)

    server.respond = respond
    found = panel_of(server, tmp_path, concurrency=1).verdicts("rubric.md", cases("good", "rude", "bad"))
    assert [verdict and verdict.passed for verdict in found] == [True, None, False]
    assert all("temperature" in request for request in server.requests)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_rejection_of_one_answer_is_no_verdict_and_one_of_all_ends(
    server: Server, tmp_path: Path, status: int
) -> None:
    """A content filter rejects one answer; a parameter that the endpoint lacks rejects all."""
    filtered = b'{"error": "content_filter"}'

    def respond(number: int, body: dict[str, Any]) -> Response:
        return (status, {}, filtered) if "rude" in body["messages"][-1]["content"] else by_answer(number, body)

    server.respond = respond
    panel = panel_of(server, tmp_path, concurrency=1)
    with pytest.raises(StageError) as caught:
        panel.verdicts("rubric.md", cases("rude"))
    assert (caught.value.problem.code, "content_filter" in caught.value.problem.message) == ("RUN764", True)
    found = panel.verdicts("rubric.md", cases("rude", "good", "bad"))
    assert [verdict and verdict.passed for verdict in found] == [None, True, False]


def test_a_half_written_line_is_asked_for_again(server: Server, tmp_path: Path) -> None:
    panel_of(server, tmp_path).verdicts("rubric.md", cases("good", "bad"))
    log = tmp_path / LOG_FILE
    log.write_text(log.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    panel_of(server, tmp_path).verdicts("rubric.md", cases("good", "bad"))
    assert len(server.requests) == 3
    assert len(log.read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize("changes", [{"revision": "2"}, {"name": "other"}, {"language": "zh"}])
def test_another_judge_is_asked_anew(server: Server, tmp_path: Path, changes: dict[str, str]) -> None:
    server.respond = lambda number, body: said('{"verdict": "pass"}')
    panel_of(server, tmp_path).verdicts("rubric.md", cases("good"))
    panel_of(server, tmp_path, **changes).verdicts("rubric.md", cases("good"))
    assert len(server.requests) == 2


def test_a_stopped_judge_goes_on(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "DRAIN_SECONDS", 0.1)
    stop, released = StopRequest(), threading.Event()

    def respond(number: int, body: dict[str, Any]) -> Response:
        if number == 3:
            stop.signal_name = "SIGTERM"
            released.wait(5)
        return by_answer(number, body)

    server.respond = respond
    answers = cases(*(f"good {number}" for number in range(6)))
    with pytest.raises(StageError, match="stopped by SIGTERM with 2 of 6 answers judged") as caught:
        panel_of(server, tmp_path, stop, concurrency=1).verdicts("rubric.md", answers)
    released.set()
    assert caught.value.problem.code == "RUN740"
    server.respond, asked = by_answer, len(server.requests)
    assert all(panel_of(server, tmp_path).verdicts("rubric.md", answers))
    assert len(server.requests) == asked + 4


def test_a_reply_without_a_verdict_is_asked_for_twice_and_then_counted(server: Server, tmp_path: Path) -> None:
    server.respond = lambda number, body: (
        said("I cannot say") if "odd" in body["messages"][-1]["content"] else by_answer(number, body)
    )
    found = panel_of(server, tmp_path).verdicts("rubric.md", cases("odd", *(f"good {number}" for number in range(30))))
    assert (found.count(None), len(server.requests)) == (1, 32)
    require_verdicts(found, "rubric.md")
    found = panel_of(server, tmp_path).verdicts("rubric.md", cases("odd", "good 1", "good 2", "good 3"))
    with pytest.raises(StageError, match="no verdict on 1 of 4 answers") as caught:
        require_verdicts(found, "rubric.md")
    assert (caught.value.problem.code, len(server.requests)) == ("RUN735", 32)


def test_the_key_and_the_rubric_are_checked(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "secret-key")
    panel = panel_of(server, tmp_path)
    panel.verdicts("rubric.md", cases("good"))
    assert server.keys == ["Bearer secret-key"]
    (tmp_path / "rubric.md").write_text("changed", encoding="utf-8")
    with pytest.raises(StageError, match="is not the file of the plan") as caught:
        JudgePanel(
            JudgeBlock(endpoint=server.url, name="large", revision="1"),
            {"rubric.md": "0" * 64},
            tmp_path,
            folder=tmp_path,
            events=EventStream(None),
            stop=StopRequest(),
        )
    assert caught.value.problem.code == "RUN711"


def test_a_judge_that_is_not_served_is_refused_before_any_answer(server: Server, tmp_path: Path) -> None:
    server.models = (200, {}, json.dumps({"data": [{"id": "small"}]}).encode())
    with pytest.raises(StageError, match="serves `small`") as caught:
        panel_of(server, tmp_path).check()
    assert caught.value.problem.code == "RUN764"
    assert "for the judge in the spec" in caught.value.problem.hint


AGREEMENT = Agreement(true_pass=45, false_fail=5, false_pass=10, true_fail=40)


def test_a_share_is_corrected_by_the_rates_of_the_judge() -> None:
    value, low, high = corrected_share(0.55, 100, AGREEMENT)
    assert value == pytest.approx((0.55 + 0.8 - 1) / (0.9 + 0.8 - 1))
    assert 0.3 < low < value < high < 0.7
    assert corrected_share(0.0, 100, AGREEMENT)[:2] == (0.0, 0.0)
    assert corrected_share(1.0, 100, AGREEMENT)[::2] == (1.0, 1.0)


@given(st.integers(0, 60), st.integers(30, 300), st.integers(30, 300), st.floats(0.6, 1.0), st.floats(0.6, 1.0))
def test_a_corrected_interval_holds_its_value(passed: int, right: int, wrong: int, tpr: float, tnr: float) -> None:
    true_pass, true_fail = round(right * tpr), round(wrong * tnr)
    counts = Agreement(
        true_pass=true_pass, false_fail=right - true_pass, false_pass=wrong - true_fail, true_fail=true_fail
    )
    if counts.fault:
        return
    value, low, high = corrected_share(passed / 60, 60, counts)
    assert 0 <= low <= value <= high <= 1


@given(st.floats(-0.5, 0.5), st.floats(0.001, 0.3), st.floats(0.001, 0.3))
def test_a_corrected_gain_excludes_zero_only_where_the_raw_one_does(gain: float, below: float, above: float) -> None:
    value, low, high = corrected_gain((gain, gain - below, gain + above), AGREEMENT)
    assert -1 <= low <= value <= high <= 1
    assert abs(value) >= min(1.0, abs(gain)) - 1e-12
    if gain - below <= 0 <= gain + above:
        assert low <= 1e-9
        assert high >= -1e-9
    else:
        assert low > 0 or high < 0


def test_few_labels_and_verdicts_by_chance_do_not_count() -> None:
    assert AGREEMENT.fault == ""
    few = Agreement(true_pass=29, false_fail=0, false_pass=0, true_fail=60)
    assert few.fault == "people labelled 29 answers `pass`, but 30 are needed"
    chance = Agreement(true_pass=30, false_fail=20, false_pass=28, true_fail=22)
    assert chance.fault.startswith("its verdicts may be chance: TPR 0.60 and TNR 0.44 on 100 answers")


def labels(count: int, **changes: Any) -> str:
    rows = [
        {
            "id": number,
            "prompt": "why?",
            "answer": f"good {number}" if number % 2 else f"poor {number}",
            "reference": "so",
        }
        | {"label": "pass" if number % 2 or number == 0 else "fail"}
        | changes
        for number in range(count)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_the_command_writes_the_agreement(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.jsonl").write_text(labels(80), encoding="utf-8")
    (tmp_path / "helpful.md").write_text(RUBRIC, encoding="utf-8")
    command = ["labels.jsonl", "--metric", "helpful", "--rubric", "helpful.md", "--endpoint", server.url]
    command += ["--judge", "large/1", "--requests-per-minute", "60000", "--to", "judge.yaml"]
    assert main(command) == 0
    shown = capsys.readouterr()
    assert "TPR 0.976, TNR 1.000" in shown.out
    assert "the judge counts" in shown.out
    assert shown.err == "0: people pass, judge fail: as the rubric says\n"
    text = (tmp_path / "judge.yaml").read_text(encoding="utf-8")
    digest = hashlib.sha256(labels(80).encode()).hexdigest()
    for line in (f"digest: {digest}", "truePass: 40", "falseFail: 1", "falsePass: 0", "trueFail: 39", "unjudged: 0"):
        assert line in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["helpful.md", "judge.yaml", "labels.jsonl"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (labels(2, label="good"), "labels.jsonl:1: `label` is neither `pass` nor `fail`"),
        (labels(2, prompt=None), "`prompt` is missing or neither text nor a list of turns"),
        (labels(2, id=7), "`id` `7` is used 2 times"),
        (labels(2, answer="yes"), "`1` repeats the question and the answer of `0`: keep one of them"),
        (labels(2) + "{\n", "labels.jsonl:3"),
        ("[]\n", "the line is no JSON object"),
        ("", "`labels.jsonl` has no row"),
    ],
)
def test_malformed_labels_are_named_by_line(
    content: str, message: str, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "labels.jsonl").write_text(content, encoding="utf-8")
    (tmp_path / "helpful.md").write_text(RUBRIC, encoding="utf-8")
    command = [str(tmp_path / "labels.jsonl"), "--metric", "helpful", "--rubric", str(tmp_path / "helpful.md")]
    assert main([*command, "--endpoint", server.url, "--judge", "large/1", "--to", str(tmp_path / "judge.yaml")]) == 65
    assert "error[RUN736]" in (shown := capsys.readouterr().err)
    assert message in shown
    assert server.requests == []
