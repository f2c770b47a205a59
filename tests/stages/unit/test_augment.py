"""An augmentation against an endpoint that writes by rules: rows, faults, budgets, kills, and what is dropped."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from support.chat_endpoint import Response, Server, said, served
from support.rule_writer import kind_of, prompt_of, reply_to

from runtime.contract.augmentation import AugmentStage
from runtime.contract.errors import StageError
from runtime.contract.read import read_stage
from runtime.contract.served import TEACHER_KEY
from runtime.contract.volumes import Volumes
from runtime.make.augment import stage as augment
from runtime.model.endpoint import client
from runtime.stage.context import StageContext
from runtime.stage.events import EventStream
from runtime.stage.stop import StopRequest

ROOT = Path(__file__).resolve().parents[3]
CORPUS = [
    "The HALDEN pump fills the ORME tank at 40 litres a minute. The ORME tank feeds the VESPER line all day.",
    "The VESPER line ends at the TARN valve. The TARN valve opens for the KELDA press at 6 bar.",
    "The KELDA press shapes the ROWAN plate. The HALDEN pump stops when the SORREL sensor is wet.",
    "“东泵站”每天给“西水箱”供水40吨。“西水箱”经过“长管”送水。",
]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(client, "BACKOFF_SECONDS", 0.001)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv(TEACHER_KEY, raising=False)
    with served() as started:
        started.respond = lambda number, body: said(reply_to(prompt_of(body)))
        yield started


@pytest.fixture
def context(tmp_path: Path) -> Iterator[StageContext]:
    for name in ("models", "data", "outputs/out"):
        (tmp_path / name).mkdir(parents=True)
    return context_of(tmp_path)


def context_of(root: Path) -> StageContext:
    volumes = Volumes(models=root / "models", data=root / "data", outputs=root / "outputs")
    return StageContext(
        volumes=volumes,
        folder=volumes.outputs / "out",
        config_sha256="0" * 64,
        events=EventStream(None),
        stop=StopRequest(),
        stage=cast("Any", None),
    )


def config_of(url: str, volumes: Volumes, **changes: Any) -> dict[str, Any]:
    """The config of an augmentation of `CORPUS`, whose teacher and model are one endpoint, with changes."""
    texts = changes.pop("corpus", CORPUS)
    blocks = [_block(volumes, "texts.jsonl", "text", [{"text": each} for each in texts])]
    if held_out := changes.pop("held_out", []):
        rows = [{"id": str(at), "prompt": each, "reference": "x"} for at, each in enumerate(held_out)]
        blocks.append(_block(volumes, "held-out.jsonl", "evaluation", rows))
    teacher = {"name": "large", "revision": "3", "access": "text", "endpoint": url, "license": "MIT"}
    work = {"kinds": ["atomic", "aggregated", "multi-hop"], "max_rows": 100, "chunk_tokens": 256, "max_facts": 5}
    work |= {"judgments": 2, "max_new_tokens": 512, "turns": False, "budget": {"calls": 1000}}
    work |= {"concurrency": 1, "requests_per_minute": 600_000} | changes.pop("work", {})
    serving = {"name": "small", "revision": "1", "endpoint": url, "requests_per_minute": 600_000, "concurrency": 1}
    return {
        "schema": "trainspec.dev/stage/v1",
        "plan": "plant",
        "stage": "augment",
        "method": "augment",
        "output": "out",
        "seed": 7,
        "model": {"path": "small/1", "adapters": [], "dtype": "float32", "trust_remote_code": False},
        "data": blocks,
        "teacher": teacher | {"outputs_may_train": True} | changes.pop("teacher", {}),
        "served": serving,
        "work": work,
        **changes,
    }


def _block(volumes: Volumes, name: str, shape: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (volumes.outputs / name).write_text(content, encoding="utf-8")
    return {"path": name, "shape": shape, "volume": "outputs", "sha256": None, "rows": None}


def forget(context: StageContext) -> None:
    """Remove everything that a stage has written."""
    for folder in (context.folder, context.volumes.outputs / "plant-augment-calls"):
        for path in folder.iterdir():
            path.unlink()


def run(server: Server, context: StageContext, **changes: Any) -> dict[str, Any]:
    """Run the stage; return its report."""
    stage = read_stage(config_of(server.url, context.volumes, **changes), "augment.yaml")
    assert isinstance(stage, AugmentStage)
    return augment.run(stage, context).report


def rows_of(context: StageContext, name: str = "prompt-completion.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (context.folder / name).read_text(encoding="utf-8").splitlines()]


def test_rows_of_all_kinds_say_where_they_come_from(server: Server, context: StageContext) -> None:
    report = run(server, context)
    rows, facts = rows_of(context), {each["fact"]: each for each in rows_of(context, "facts.jsonl")}
    assert report["rows"] == len(rows) == sum(report["kinds"].values())
    assert set(report["kinds"]) == {"atomic", "aggregated", "multi-hop"}
    assert set(report["languages"]) == {"en", "zh"}
    assert len(facts) == report["graph"]["facts"] == 8
    for row in rows:
        origin = row["provenance"]
        assert row["synthetic"] is True
        assert origin["writer"] == "large/3"
        assert all(place.startswith("texts.jsonl:") for place in origin["rows"])
        assert set(origin["facts"]) <= set(facts)
        assert all(
            statement in row["completion"] for name in origin["facts"] for statement in facts[name]["statements"]
        )
    chinese = next(row for row in rows if "东泵站" in row["prompt"])
    assert "每天给“西水箱”供水40吨" in chinese["completion"]
    across = [row for row in rows if row["provenance"]["kind"] == "multi-hop" and len(row["provenance"]["rows"]) > 1]
    assert across  # facts of two rows that share an entity
    provenance = json.loads((context.folder / "provenance.json").read_text(encoding="utf-8"))
    assert provenance["counts"]["rows"] == len(rows)
    assert provenance["teacher"]["license"] == report["license"] == "MIT"


def test_what_the_model_does_not_know_comes_first(server: Server, context: StageContext) -> None:
    def respond(number: int, body: dict[str, Any]) -> Response:
        prompt = prompt_of(body)
        unknown = kind_of(prompt) == "judge" and "KELDA press shapes" in prompt
        return said("yes" if unknown and "not so" in prompt else "no" if unknown else reply_to(prompt))

    server.respond = respond
    report = run(server, context, work={"max_rows": 1, "kinds": ["atomic"], "judgments": 5})
    (row,) = rows_of(context)
    assert {"KELDA", "ROWAN"} == set(row["provenance"]["entities"])
    assert (report["knowledge"]["unknown"], report["knowledge"]["assessed"]) == (1, 8)


def test_a_budget_of_calls_ends_the_stage_with_what_it_has(server: Server, context: StageContext) -> None:
    report = run(server, context, work={"budget": {"calls": 40}})
    assert len(server.requests) <= report["calls"] <= 40
    assert 0 < report["rows"] < 15
    assert report["warnings"]


def test_a_budget_of_money_is_kept(server: Server, context: StageContext) -> None:
    price = {"input": 100_000.0, "output": 250_000.0}  # a reply of 5 and 2 tokens costs $1
    report = run(server, context, work={"budget": {"calls": 1000, "usd": 20.0}, "price": price})
    teachers = [body for body in server.requests if body["model"] == "large"]
    assert report["usd"] == len(teachers) == 20
    assert "cost $20.00" in report["stopped"]
    assert report["rows"] > 0


def test_a_budget_without_a_row_is_an_error(server: Server, context: StageContext) -> None:
    with pytest.raises(StageError, match="before any row was written") as caught:
        run(server, context, work={"budget": {"calls": 2}})
    assert (caught.value.problem.code, caught.value.exit_code) == ("RUN771", 78)


FAULTS: tuple[Response, ...] = (
    (429, {"Retry-After": "0"}, b""),
    (500, {}, b"down"),
    (200, {}, b'{"choices": [{"mess'),
    (0, {}, b""),
    (200, {}, b'{"choices": []}'),
)


def test_temporary_faults_of_every_call_change_nothing(server: Server, context: StageContext) -> None:
    run(server, context)
    whole, asked = rows_of(context), len(server.requests)
    forget(context)
    seen: dict[str, int] = {}

    def respond(number: int, body: dict[str, Any]) -> Response:
        key = json.dumps(body, sort_keys=True)
        seen.setdefault(key, 0)
        seen[key] += 1
        return FAULTS[len(seen) % len(FAULTS)] if seen[key] == 1 else said(reply_to(prompt_of(body)))

    server.respond = respond
    report = run(server, context)
    assert rows_of(context) == whole
    assert report["asked_again"] == asked
    assert len(server.requests) == 3 * asked


def test_more_rows_are_another_job_that_pays_for_new_replies_alone(server: Server, context: StageContext) -> None:
    run(server, context, work={"max_rows": 2})
    before = len(server.requests)
    whole = run(server, context, output="other", work={"max_rows": 100})
    again = run(server, context, output="third", work={"max_rows": 99, "budget": {"calls": whole["calls"]}})
    assert again["rows"] == whole["rows"]  # replies of other Jobs do not use up the calls of this one
    assert len({json.dumps(body, sort_keys=True) for body in server.requests}) == len(server.requests) > before


@pytest.mark.parametrize("bad", ["I'm sorry, but I cannot help with that.", "", "QUESTION: only half of"])
def test_unusable_replies_are_asked_for_again(server: Server, context: StageContext, bad: str) -> None:
    def respond(number: int, body: dict[str, Any]) -> Response:
        is_first = body["seed"] < 1000 and kind_of(prompt_of(body)) in ("extract", "restate", "write")
        return said(bad if is_first else reply_to(prompt_of(body)))

    server.respond = respond
    report = run(server, context)
    assert report["rows"] > 10
    assert report["replies"]["teacher"]["unusable"] > 20
    assert {body["temperature"] for body in server.requests if body["model"] == "large" and body["seed"]} == {0.7}


def test_a_filter_of_the_endpoint_drops_its_passages_alone(server: Server, context: StageContext) -> None:
    server.respond = lambda number, body: (
        (400, {}, b"content filter") if "KELDA" in prompt_of(body) else said(reply_to(prompt_of(body)))
    )
    report = run(server, context)
    assert report["replies"]["teacher"]["refused"] > 0
    assert report["passages"]["without_fact"] == 2
    assert not any("KELDA" in json.dumps(row) for row in rows_of(context))


def test_a_writer_that_says_nothing_is_an_error(server: Server, context: StageContext) -> None:
    server.respond = lambda number, body: said("As an AI, I have no opinion.")
    with pytest.raises(StageError, match="found no fact in 4 passages") as caught:
        run(server, context)
    assert (caught.value.problem.code, caught.value.exit_code) == ("RUN772", 65)


def test_an_endpoint_that_hangs_ends_the_run_for_now(
    server: Server, context: StageContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "REQUEST_SECONDS", 0.05)
    released = threading.Event()

    def respond(number: int, body: dict[str, Any]) -> Response:
        if number > 6 and not released.is_set():
            released.wait(2)
        return said(reply_to(prompt_of(body)))

    server.respond = respond
    with pytest.raises(StageError, match="no answer in time") as caught:
        run(server, context)
    assert (caught.value.problem.code, caught.value.exit_code) == ("RUN765", 75)
    released.set()
    assert run(server, context)["rows"] > 10


def test_invented_relations_and_numbers_are_left_out(server: Server, context: StageContext) -> None:
    def respond(number: int, body: dict[str, Any]) -> Response:
        text = reply_to(prompt_of(body))
        if kind_of(prompt_of(body)) == "extract":
            text += "\nRELATION | ATLANTIS dome | ORME tank | The ATLANTIS dome rests on the ORME tank."
        return said(text.replace("40 litres", "41 litres"))

    server.respond = respond
    report = run(server, context)
    assert report["graph"]["ungrounded"] == 4
    assert report["dropped"]["number that no passage has"] > 0
    assert not any("ATLANTIS" in json.dumps(row) or "41" in row["completion"] for row in rows_of(context))


def test_answers_that_are_not_found_again_are_dropped(server: Server, context: StageContext) -> None:
    def respond(number: int, body: dict[str, Any]) -> Response:
        prompt = prompt_of(body)
        if kind_of(prompt) == "answer" and "TARN" in prompt.rsplit("\n", 1)[-1]:
            return said("UNANSWERABLE" if "VESPER" in prompt.rsplit("\n", 1)[-1] else "The moon is far away.")
        return said(reply_to(prompt))

    server.respond = respond
    report = run(server, context)
    assert report["dropped"]["not answerable from its passages"] > 0
    assert report["dropped"]["answered otherwise from its passages"] > 0
    assert 0 < report["answerable"] < 1
    assert not any("TARN" in row["prompt"] for row in rows_of(context))


def test_questions_of_the_evaluation_are_left_out(server: Server, context: StageContext) -> None:
    run(server, context)
    asked = [row["prompt"] for row in rows_of(context)]
    equal, near = asked[0].upper(), asked[3].replace("plant", "plants")
    report = run(server, context, held_out=[equal, near, "Where is the office?"])
    assert report["leaked"]["equal"] == 1
    assert report["leaked"]["near"] > 0
    left = [row["prompt"] for row in rows_of(context)]
    assert asked[0] not in left
    assert asked[3] not in left


def test_repeated_questions_are_kept_once(server: Server, context: StageContext) -> None:
    def respond(number: int, body: dict[str, Any]) -> Response:
        prompt = prompt_of(body)
        same = f"QUESTION: What moves the water through the plant{'s' * (number % 2)}?\nANSWER: The HALDEN pump."
        other = "The HALDEN pump." if kind_of(prompt) == "answer" else reply_to(prompt)
        return said(same if kind_of(prompt) == "write" else other)

    server.respond = respond
    report = run(server, context)
    assert report["rows"] == len(rows_of(context)) == 1
    assert report["dropped"]["repeated"] > 5
    assert report["dropped"]["nearly repeated"] > 5


def test_a_licence_that_forbids_training_is_refused(server: Server, context: StageContext) -> None:
    with pytest.raises(StageError, match="does not allow training") as caught:
        run(server, context, teacher={"outputs_may_train": False})
    assert caught.value.problem.code == "RUN763"
    assert server.requests == []


def test_rows_may_be_turns(server: Server, context: StageContext) -> None:
    run(server, context, work={"turns": True})
    assert rows_of(context)[0]["prompt"][0]["role"] == "user"
    assert rows_of(context)[0]["completion"][0]["role"] == "assistant"


@pytest.mark.slow
@pytest.mark.parametrize("kill_at", [2, 7, 20, 45, 70])
def test_a_kill_repeats_no_call_and_changes_no_row(server: Server, context: StageContext, kill_at: int) -> None:
    run(server, context)
    whole, calls = (context.folder / "prompt-completion.jsonl").read_bytes(), len(server.requests)
    assert calls > 70
    forget(context)
    server.requests.clear()
    config = context.volumes.outputs / "augment.json"
    config.write_text(json.dumps(config_of(server.url, context.volumes)))
    volumes = {
        f"TRAINSPEC_{name.upper()}": str(getattr(context.volumes, name)) for name in ("models", "data", "outputs")
    }
    environment = {**os.environ, **volumes, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    started: list[subprocess.Popen[bytes]] = []

    def respond(number: int, body: dict[str, Any]) -> Response:
        if number == kill_at:
            started[0].send_signal(signal.SIGKILL)
            started[0].wait()
        return said(reply_to(prompt_of(body)))

    server.respond = respond
    command = [sys.executable, "-m", "runtime", str(config)]
    started.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    assert started[0].wait() == -signal.SIGKILL
    assert len(server.requests) == kill_at
    server.respond = lambda number, body: said(reply_to(prompt_of(body)))
    ended = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    assert (context.folder / "prompt-completion.jsonl").read_bytes() == whole
    # the call that was open at the kill has no reply on the disk: it alone is made again
    assert len(server.requests) == calls + 1
