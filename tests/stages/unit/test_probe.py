"""The probe: planted gaps are measured over an endpoint, and sampling stops once every verdict is clear."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.chat_endpoint import Server, served
from support.planted_model import Asked, asked, general, per_item, planted, reply, row, with_gold, with_passage

from runtime.contract.errors import StageError
from runtime.contract.probing import ProbeStage
from runtime.contract.volumes import Volumes
from runtime.evaluate.probe import stage as probe
from runtime.model.answering import journal
from runtime.model.endpoint import client
from runtime.stage.context import StageContext
from runtime.stage.events import EventStream
from runtime.stage.report import Outcome, fit_message, result_message
from runtime.stage.stop import StopRequest

Rows = Sequence[dict[str, Any]]
VERDICTS: dict[str, list[tuple[str, float, bool]]] = {
    "target": [("pass_at1", 0.9, True)],
    "unknown-domain": [("open_book", 0.5, False), ("control", 0.7, True)],
    "recall": [("recall_gain", 0.3, True)],
    "unstable": [("pass_at16", 0.7, True), ("unstable_gain", 0.25, True)],
    "reasoning": [("chain_gain", 0.1, True)],
    "untaught": [("pass_at1", 0.9, False), ("agreement", 0.8, True)],
    "component": [("gold_output", 0.9, True)],
    "greedy": [("greedy", 0.9, True)],
    "compression": [("teacher_gain", 0.15, True)],
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(client, "BACKOFF_SECONDS", 0.001)
    monkeypatch.setattr(journal.os, "fsync", lambda number: None)  # a disk that waits makes no difference here
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with served() as started:
        yield started


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    for name in ("models", "data", "outputs", "outputs/probe"):
        (tmp_path / name).mkdir()
    return Volumes(models=tmp_path / "models", data=tmp_path / "data", outputs=tmp_path / "outputs")


def block(data: Path, name: str, rows: Rows, shape: str, **fields: Any) -> dict[str, Any]:
    content = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rows).encode()
    (data / name).write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return {"path": name, "shape": shape, "sha256": sha256, "rows": len(rows), **fields}


def stage_of(volumes: Volumes, server: Server, rows: Rows, control: Rows = (), **fields: Any) -> ProbeStage:
    data = [block(volumes.data, "badcases.jsonl", rows, "badcase")]
    if control:
        data.append(block(volumes.data, "general.jsonl", control, "evaluation", role="general"))
    work = {
        "samples": 16,
        "temperature": 0.8,
        "prompts": 60,
        "further_samples": 4,
        "max_new_tokens": 16,
        "chain_tokens": 64,
        "batch_size": 8,
        "answer_marker": "Answer:",
    } | fields.pop("work", {})
    verdicts = {
        name: [{"measure": measure, "limit": limit, "above": above} for measure, limit, above in tests]
        for name, tests in VERDICTS.items()
    }
    served_block = {"name": "small", "revision": "1", "endpoint": server.url, "concurrency": 8}
    served_block |= {"requests_per_minute": 100_000} | fields.pop("served", {})
    return ProbeStage.model_validate(
        {
            "schema": "trainspec.dev/stage/v1",
            "plan": "plan",
            "stage": "probe",
            "method": "probe",
            "output": "probe",
            "seed": 7,
            "model": {"path": "small/1", "adapters": [], "dtype": "float32", "trust_remote_code": False},
            "data": data,
            "served": served_block,
            "metrics": [{"name": "exact_match"}],
            "verdicts": verdicts,
            "work": work,
            **fields,
        }
    )


def run(stage: ProbeStage, volumes: Volumes, stop: StopRequest | None = None) -> Outcome:
    context = StageContext(
        volumes=volumes,
        folder=volumes.outputs / "probe",
        config_sha256="0" * 64,
        events=EventStream(None),
        stop=stop or StopRequest(),
        stage=stage,
    )
    return probe.run(stage, context)


def measured(outcome: Outcome, name: str) -> float:
    return float(outcome.report["probe"]["measures"][name]["value"])


Planted = tuple[Callable[[Asked], float], Callable[[int], dict[str, Any]], set[str]]


def untaught(found: Asked) -> float:
    return 0.95 if found.is_general else 0.02


GAPS: dict[str, Planted] = {
    "consistent but wrong": (untaught, row, {"untaught"}),
    "right at times": (lambda found: 0.95 if found.is_general else per_item(found, 0.2, 0.6), row, {"unstable"}),
    "right with the passage": (
        lambda found: 0.95 if found.is_general or found.is_open else 0.03,
        with_passage,
        {"recall"},
    ),
    "cannot read the domain": (
        lambda found: 0.95 if found.is_general else 0.05,
        with_passage,
        {"unknown-domain"},
    ),
    "right with a chain": (
        lambda found: 0.95 if found.is_general else 0.8 if found.has_chain else 0.05,
        row,
        {"reasoning"},
    ),
    "right with the right input": (
        lambda found: 1.0 if found.is_general or found.is_gold else 0.05,
        with_gold,
        {"component"},
    ),
    "right at temperature 0": (lambda found: 0.99 if found.temperature == 0 else 0.3, row, {"greedy", "unstable"}),
}


FAST = ("right at times",)


@pytest.mark.parametrize("name", [pytest.param(each, marks=[pytest.mark.slow] * (each not in FAST)) for each in GAPS])
def test_a_planted_gap_is_found(name: str, server: Server, volumes: Volumes) -> None:
    chance, make, expected = GAPS[name]
    # a model that is consistent gives one wrong answer
    server.respond = planted(chance, wrong=1 if name == "consistent but wrong" else 50)
    control = [general(number) for number in range(60)]
    outcome = run(stage_of(volumes, server, [make(number) for number in range(70)], control), volumes)
    verdicts = outcome.report["verdicts"]
    assert {gap for gap, verdict in verdicts.items() if verdict == "present"} == expected
    assert verdicts["target"] == "absent"
    lines = (volumes.outputs / "probe" / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len({(json.loads(line)["family"], json.loads(line)["id"]) for line in lines})


def test_the_measures_are_those_of_the_samples(server: Server, volumes: Volumes) -> None:
    """Every figure of the report can be computed again from the answers that it keeps."""
    server.respond = planted(lambda found: per_item(found, 0.1, 0.7))
    outcome = run(stage_of(volumes, server, [row(number) for number in range(24)]), volumes)
    path = volumes.outputs / "probe" / "samples.jsonl"
    closed = [
        each for each in map(json.loads, path.read_text(encoding="utf-8").splitlines()) if each["family"] == "closed"
    ]
    right = [sum(each["right"]) for each in closed]
    assert all(each["answers"].count(f"code-{each['id'][5:]}") == sum(each["right"]) for each in closed)
    assert measured(outcome, "pass_at1") == pytest.approx(sum(right) / 16 / len(right), abs=1e-6)
    assert measured(outcome, "pass_at16") == pytest.approx(sum(each > 0 for each in right) / len(right), abs=1e-6)
    assert outcome.report["probe"]["digest"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert outcome.report["probe"]["prompts"] == len(closed)


def test_what_is_not_measured_says_why(server: Server, volumes: Volumes) -> None:
    server.respond = planted(untaught)
    report = run(stage_of(volumes, server, [row(number) for number in range(12)]), volumes).report
    assert report["not_measured"]["open_book"] == report["not_measured"]["recall_gain"] == "no badcase has a `passage`"
    assert report["not_measured"]["teacher_gain"] == "the spec names no teacher"
    assert report["verdicts"]["recall"] == report["verdicts"]["compression"] == "not measured"


def test_a_probe_resumes_without_asking_again(server: Server, volumes: Volumes) -> None:
    """Every request is paid for once, although the run is stopped in the middle, and the figures are the same."""
    answers = planted(lambda found: per_item(found, 0.2, 0.6))
    server.respond = answers
    rows = [row(number) for number in range(24)]
    stage, stop = stage_of(volumes, server, rows), StopRequest()

    def stopping(number: int, body: dict[str, Any]) -> Any:
        if number == 100:
            stop.signal_name = "SIGTERM"
        return answers(number, body)

    server.respond = stopping
    with pytest.raises(StageError) as raised:
        run(stage, volumes, stop)
    assert raised.value.problem.code == "RUN740"
    server.respond = answers
    resumed = run(stage, volumes)
    sent = [json.dumps(each, sort_keys=True) for each in server.requests]
    assert len(sent) == len(set(sent)) == resumed.report["sampling"]["answers"]
    again = run(stage, volumes)
    assert (again.report, len(server.requests)) == (resumed.report, len(sent))


def test_the_termination_message_holds_the_whole_report(server: Server, volumes: Volumes) -> None:
    server.respond = planted(lambda found: per_item(found, 0.2, 0.6))
    rows = [
        with_passage(number) | with_gold(number) | {"passage": with_passage(number)["passage"]} for number in range(60)
    ]
    teacher = {"name": "big", "revision": "1", "access": "text", "endpoint": server.url, "license": "MIT"}
    control = [general(number) for number in range(24)]
    reward = {"rewards": [{"use": "exact_match", "weight": 1.0}]}
    stage = stage_of(
        volumes,
        server,
        rows,
        control,
        teacher=teacher | {"outputs_may_train": True},
        work={"requests_per_minute": 100_000},
        **reward,
    )
    outcome = run(stage, volumes)
    assert set(outcome.report["not_measured"]) == {"constrained"}
    document = {"method": "probe", "config_sha256": "0" * 64, "ended": "2026-11-22T23:59:59+00:00", "steps": 0}
    document |= {"score": "x" * 200, "metrics": {}, "gate": None, "report": outcome.report}
    message = result_message(document, "0" * 64, "complete", 0)
    text = fit_message(message)
    assert json.loads(text)["report"] == message["report"]


def test_badcases_are_asked_in_the_prompt_and_general_questions_are_not(server: Server, volumes: Volumes) -> None:
    """What the best prompt repairs is no gap of the model."""
    text = "只写代码。\nReason, then write `Answer:` and the code."
    (volumes.data / "prompt.md").write_text(f"{text}\n", encoding="utf-8")
    server.respond = planted(lambda found: 1.0)
    gold = [{**with_gold(number), "id": f"gold-{number}"} for number in range(12)]
    prompt = {"path": "prompt.md", "sha256": hashlib.sha256(f"{text}\n".encode()).hexdigest()}
    metrics = [{"name": "exact_match", "answer_marker": "Answer:"}]
    stage = stage_of(volumes, server, gold, [general(1), general(2)], prompt=prompt, metrics=metrics)
    assert measured(run(stage, volumes), "gold_output") == 1
    systems = {asked(each).is_general: set[str]() for each in server.requests}
    for each in server.requests:
        turns = each["messages"]
        systems[asked(each).is_general].add(turns[0]["content"] if turns[0]["role"] == "system" else "")
    assert systems == {True: {""}, False: {text}}


def test_a_task_of_short_answers_does_not_cut_what_the_model_knows(server: Server, volumes: Volumes) -> None:
    """The control has room for a sentence, and is right once it has said the fact; answers of the task are not."""

    def talkative(_: int, body: dict[str, Any]) -> Any:
        item = asked(body).item
        fact = f"fact-{item}" if asked(body).is_general else f"code-{item}"
        said = f"The answer is {fact}, as everybody knows, and" if asked(body).is_general else fact
        return reply(said, body["max_tokens"], ends="length")

    server.respond = talkative
    rows, control = [row(number) for number in range(12)], [general(number) for number in range(12)]
    outcome = run(stage_of(volumes, server, rows, control, work={"max_new_tokens": 4, "prompts": 12}), volumes)
    assert (measured(outcome, "control"), measured(outcome, "pass_at1")) == (1, 0)
    limits = {(asked(each).is_general, each["max_tokens"]) for each in server.requests if not asked(each).has_chain}
    assert limits == {(True, 32), (False, 4)}


def few(server: Server, volumes: Volumes, **fields: Any) -> ProbeStage:
    """A small probe, for what goes wrong with an endpoint."""
    rows = [row(number) for number in range(12)]
    return stage_of(volumes, server, rows, work={"samples": 2, "further_samples": 1, "prompts": 12}, **fields)


def sometimes(answers: Any, fault: Any, every: int = 5) -> Any:
    """Answers of which each fifth request gets the fault first."""
    failed: set[str] = set()

    def respond(number: int, body: dict[str, Any]) -> Any:
        key = json.dumps(body, sort_keys=True)
        if number % every == 0 and key not in failed:
            failed.add(key)
            return fault
        return answers(number, body)

    return respond


TRANSIENT = {
    "too many requests": (429, {"retry-after": "0"}, b""),
    "server error": (500, {}, b"oops"),
    "half a JSON": (200, {}, b'{"choices": [{"mess'),
    "connection lost": (0, {}, b""),
    "no choices": (200, {}, b"{}"),
}


@pytest.mark.parametrize("name", TRANSIENT)
def test_a_probe_goes_on_after_a_transient_fault(name: str, server: Server, volumes: Volumes) -> None:
    answers = planted(lambda found: per_item(found, 0.2, 0.6))
    server.respond = answers
    undisturbed = run(few(server, volumes), volumes).report
    for path in (volumes.outputs / "probe").iterdir():
        path.unlink()
    server.respond = sometimes(answers, TRANSIENT[name])
    report = run(few(server, volumes), volumes).report
    for each in (report, undisturbed):
        each["probe"]["measures"].pop("ms_per_token")  # a time
    assert report == undisturbed


@pytest.mark.parametrize(
    ("fault", "code"),
    [((503, {}, b""), "RUN765"), ((401, {}, b"who are you?"), "RUN764"), ((400, {}, b"no such model"), "RUN764")],
)
def test_a_lasting_fault_ends_the_probe_with_its_state(fault: Any, code: str, server: Server, volumes: Volumes) -> None:
    server.respond = lambda number, body: fault
    with pytest.raises(StageError) as raised:
        run(few(server, volumes), volumes)
    assert raised.value.problem.code == code


def test_an_endpoint_that_hangs_ends_the_probe(
    server: Server, volumes: Volumes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "REQUEST_SECONDS", 0.05)
    waiting = threading.Event()
    server.respond = lambda number, body: (waiting.wait(20), planted(untaught)(number, body))[1]
    with pytest.raises(StageError, match="no answer in time") as raised:
        run(few(server, volumes), volumes)
    waiting.set()
    assert raised.value.problem.code == "RUN765"


def test_a_refused_or_empty_answer_is_wrong(server: Server, volumes: Volumes) -> None:
    """A content filter, or a model that says nothing, is a fault of that answer alone."""
    answers = planted(lambda found: 1.0)

    def respond(number: int, body: dict[str, Any]) -> Any:
        item = int(asked(body).item)
        if item == 3:
            return 400, {}, b"content_filter"
        return reply("", 0) if item == 4 else answers(number, body)

    server.respond = respond
    outcome = run(few(server, volumes), volumes)
    assert measured(outcome, "pass_at1") == pytest.approx(10 / 12, abs=1e-6)
    assert outcome.report["sampling"]["refused"] == 4  # two samples, one at temperature 0 and one with a chain


def test_a_budget_that_ends_early_is_an_error(server: Server, volumes: Volumes) -> None:
    server.respond = planted(untaught)
    with pytest.raises(StageError, match="before a first look at the badcases") as raised:
        run(few(server, volumes, budget={"calls": 3}), volumes)
    assert (raised.value.problem.code, len(server.requests)) == ("RUN780", 3)


def test_a_budget_that_ends_later_leaves_a_report(server: Server, volumes: Volumes) -> None:
    server.respond = planted(lambda found: per_item(found, 0.3, 0.7))
    report = run(few(server, volumes, budget={"calls": 21}), volumes).report
    assert len(server.requests) == 21
    assert "the budget is 21 calls" in report["sampling"]["stopped"]
    assert report["probe"]["prompts"] < report["probe"]["planned"] == 12
    assert "insufficient evidence" in report["verdicts"].values()


def test_constrained_output_is_asked_for_where_the_goal_has_a_schema(server: Server, volumes: Volumes) -> None:
    schema = {"type": "object", "properties": {"code": {"type": "string"}}}
    (volumes.data / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
    metrics = [{"name": "exact_match"}, {"name": "json_schema", "options": {"schema": "schema.json"}}]
    server.respond = planted(lambda found: 1.0 if found.is_constrained else 0.1)
    report = run(few(server, volumes, metrics=metrics), volumes).report
    asked_for = [each["response_format"] for each in server.requests if "response_format" in each]
    assert asked_for[0] == {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
    assert [(each["constrained"], each["pass_at1"]["value"]) for each in report["decodings"]][1] == (True, 1.0)


def test_the_deployed_system_is_timed(server: Server, volumes: Volumes) -> None:
    server.respond = planted(lambda found: 1.0 if found.has_chain else 0.1)
    measures = run(few(server, volumes), volumes).report["probe"]["measures"]
    assert measures["ms_per_token"] > 0
    assert 5 < measures["chain_tokens"] < 14
    assert measures["chain_p_value"] < 0.05
