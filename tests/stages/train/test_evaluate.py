"""Evaluation: a baseline, a trained model compared with it, gates, and stops."""

import copy
import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runtime.data.splits import is_held_out

DATABASE = """
CREATE TABLE singer (id INTEGER PRIMARY KEY, name TEXT, age INTEGER);
INSERT INTO singer VALUES (1, '周杰伦', 40), (2, 'Ann', 30), (3, 'Bo', 30);
"""


def evaluation_rows(count: int) -> list[dict[str, Any]]:
    rows = []
    for index in range(count):
        prompt = [{"role": "user", "content": "how many singers? " * (1 + index % 4)}]
        reference = "SELECT count(*) FROM singer" if index % 2 else "SELECT name FROM singer ORDER BY age DESC, id"
        rows.append({"id": f"问题-{index}", "prompt": prompt, "reference": reference, "database": "music"})
        rows[-1]["cluster"] = f"cluster {index // 2}"
    return rows


@pytest.fixture(scope="module")
def evaluation(shared_workspace: Any, build: Any) -> dict[str, Any]:
    """The config of an evaluation of the base model, with its rows and databases."""
    databases = shared_workspace.data / "databases"
    databases.mkdir()
    (databases / "music.sql").write_text(DATABASE, encoding="utf-8")
    (databases / "music.2.sql").write_text(DATABASE.replace("(3, 'Bo', 30)", "(3, 'Bo', 31), (4, 'Cy', 5)"))
    data = shared_workspace.write_rows("heldout.jsonl", evaluation_rows(12), "evaluation")
    config: dict[str, Any] = build.base_config(
        "eval-0",
        "evaluate",
        data,
        generation={"max_new_tokens": 12, "batch_size": 5},
        metrics=[{"name": "execution_accuracy", "databases": "databases"}, {"name": "exact_match"}],
        gate={"metric": "execution_accuracy", "target": 0.5, "baseline": None},
    )
    return config


@pytest.fixture(scope="module")
def baseline(shared_workspace: Any, evaluation: dict[str, Any]) -> Any:
    ended = shared_workspace.run(shared_workspace.write_config("eval-0", evaluation))
    assert ended.code == 0, ended.stderr
    return ended


def predictions(workspace: Any, output: str, file: str = "predictions.jsonl") -> list[dict[str, Any]]:
    text = (workspace.outputs / output / file).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_baseline_passes_its_gate_and_scores_every_row(shared_workspace: Any, baseline: Any) -> None:
    metrics = shared_workspace.metrics("plan-eval-0")
    assert metrics["gate"]["verdict"] == "continue"
    assert metrics["gate"]["gain"] is None
    assert set(metrics["metrics"]) == {"execution_accuracy", "exact_match"}
    accuracy = metrics["metrics"]["execution_accuracy"]
    assert (accuracy["value"], accuracy["low"], accuracy["n"]) == (0.0, 0.0, 12)
    assert 0 < accuracy["high"] < 0.5  # no right answer in six clusters does not prove a score of zero
    rows = predictions(shared_workspace, "plan-eval-0")
    assert [row["id"] for row in rows] == [f"问题-{index}" for index in range(12)]
    assert not list((shared_workspace.outputs / "plan-eval-0").glob("*.partial.jsonl"))


def test_no_gain_has_its_own_exit_code_on_every_run(
    shared_workspace: Any, evaluation: dict[str, Any], baseline: Any
) -> None:
    config = copy.deepcopy(evaluation) | {"stage": "eval-1", "output": "plan-eval-1"}
    config["gate"]["baseline"] = "plan-eval-0"
    path = shared_workspace.write_config("eval-1", config)
    for _ in range(2):  # the second run finds it complete, and the gate still fails
        ended = shared_workspace.run(path)
        assert ended.code == 80, ended.stderr
        assert ended.event("end")["status"] == "gate-not-passed"
        assert ended.termination["gate"]["verdict"] == "no-gain"
    assert shared_workspace.metrics("plan-eval-1")["gate"]["gain"] == 0.0
    # Greedy answers do not change from run to run.
    first, second = (predictions(shared_workspace, f"plan-eval-{number}") for number in (0, 1))
    assert [row["prediction"] for row in first] == [row["prediction"] for row in second]


def test_further_targets_guards_and_a_temperature(shared_workspace: Any, evaluation: dict[str, Any]) -> None:
    """The base model's sampled answers against its greedy ones; half of the rows have a call as reference."""
    rows = evaluation_rows(12)
    data = shared_workspace.write_rows("sampled.jsonl", rows, "evaluation")
    metrics = [{"name": "exact_match"}, {"name": "tool_call"}]
    config = copy.deepcopy(evaluation) | {"data": [data], "metrics": metrics[:1], "output": "greedy"}
    config["gate"] = {"metric": "exact_match", "target": 0.9, "baseline": None}
    refused = config | {"metrics": metrics, "output": "refused"}
    ended = shared_workspace.run(shared_workspace.write_config("refused", refused))
    assert (ended.code, ended.error) == (65, "RUN710"), ended.stderr  # no reference is a call
    call = '{"name": "count", "arguments": {}}'
    rows = [{**row, "reference": call} if at < 6 else row for at, row in enumerate(rows)]
    data = shared_workspace.write_rows("calls.jsonl", rows, "evaluation")
    config |= {"data": [data], "metrics": metrics}
    config["gate"]["others"] = [{"metric": "tool_call", "target": 0.5}]
    assert shared_workspace.run(shared_workspace.write_config("greedy", config)).code == 0
    assert {name: each["n"] for name, each in shared_workspace.metrics("greedy")["metrics"].items()} == {
        "exact_match": 12,
        "tool_call": 6,
    }
    sampled = copy.deepcopy(config)
    sampled["generation"]["temperature"] = 0.9
    sampled["gate"] |= {"baseline": "greedy"}
    sampled["gate"]["guards"] = [{"metric": "tool_call", "margin": 0.02, "baseline": "greedy"}]
    for name in ("sampled", "again"):
        ended = shared_workspace.run(shared_workspace.write_config(name, sampled | {"output": name}))
        assert ended.code == 80, ended.stderr
    report = ended.termination["report"]
    assert report["unjudged"] == {"tool_call": 6}
    assert (report["gains"]["tool_call"]["value"], report["guards"][0]["gain"]["n"]) == (0.0, 6)
    reason = ended.event("end")["gate"]["reason"]
    assert "`exact_match` is 0.000" in reason
    assert "`tool_call` is 0.000 (95 % interval 0.000 to" in reason
    texts = {
        name: [row["prediction"] for row in predictions(shared_workspace, name)]
        for name in ("greedy", "sampled", "again")
    }
    assert texts["sampled"] == texts["again"] != texts["greedy"]  # seeded


def test_every_kind_of_metric_in_one_pass(shared_workspace: Any, evaluation: dict[str, Any]) -> None:
    """Overlap, labels over the whole set, a pattern, and the team's own function; then a gain over the same answers."""
    text = "def score(row, answer):\n    return len(answer) > 0 and row['database'] == 'music'\n"
    (shared_workspace.data / "ours.py").write_text(text, encoding="utf-8")
    config = copy.deepcopy(evaluation) | {"stage": "eval-kinds", "output": "plan-eval-kinds"}
    config["metrics"] = [
        {"name": "near", "use": "token_f1"},
        {"name": "macro_f1"},
        {"name": "form", "use": "regex", "options": {"pattern": "."}},
        {"name": "ours", "use": "ours:score"},
        {"name": "chrf"},
    ]
    config["metric_code"] = {"ours.py": hashlib.sha256(text.encode()).hexdigest()}
    config["gate"] = {
        "metric": "near",
        "target": 0.9,
        "baseline": None,
        "others": [{"metric": "macro_f1", "target": 0.9}],
    }
    ended = shared_workspace.run(shared_workspace.write_config("eval-kinds", config))
    assert ended.code == 0, ended.stderr
    found = shared_workspace.metrics("plan-eval-kinds")
    assert set(found["metrics"]) == {"near", "macro_f1", "form", "ours", "chrf"}
    assert "unscored" not in found["report"]
    again = config | {"stage": "eval-kinds-2", "output": "plan-eval-kinds-2"}
    again["gate"] = config["gate"] | {"baseline": "plan-eval-kinds"}
    ended = shared_workspace.run(shared_workspace.write_config("eval-kinds-2", again))
    assert ended.code == 80, ended.stderr  # no gain
    gains = shared_workspace.metrics("plan-eval-kinds-2")["report"]["gains"]
    assert {name: each["value"] for name, each in gains.items()} == dict.fromkeys(
        ("macro_f1", "form", "ours", "chrf"), 0
    )
    (shared_workspace.data / "ours.py").write_text(text + "#", encoding="utf-8")
    ended = shared_workspace.run(
        shared_workspace.write_config("eval-kinds-3", config | {"output": "plan-eval-kinds-3"})
    )
    assert (ended.code, "is not the file of the plan" in ended.stderr) == (65, True)


def test_a_stopped_evaluation_resumes_and_gives_the_same_answers(
    shared_workspace: Any, evaluation: dict[str, Any], baseline: Any
) -> None:
    bad = [
        {"id": f"b{at}", "prompt": f"{at}?", "answer": "?", "fix": "SELECT 1", "database": "music"} for at in range(5)
    ]
    block = shared_workspace.write_rows("stopped.jsonl", bad, "badcase") | {"role": "badcases"}
    config = copy.deepcopy(evaluation) | {"output": "stopped", "data": [*evaluation["data"], block]}
    config["generation"] = {"max_new_tokens": 12, "batch_size": 1}
    path = shared_workspace.write_config("stopped", config)
    # among the badcases, so that the held-out rows are answered already
    stopped = shared_workspace.interrupt(path, signal.SIGTERM, lambda event: event.get("total") == 5)
    assert (stopped.code, stopped.error) == (75, "RUN740"), stopped.stderr
    done = stopped.event("progress")["done"]
    with (shared_workspace.outputs / "stopped" / "badcases.partial.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"config_sha256": "half a li')
    resumed = shared_workspace.run(path)
    assert resumed.code == 0, resumed.stderr
    assert [event["done"] for event in resumed.events if event["event"] == "progress"] == list(range(done + 1, 6))
    whole = shared_workspace.run(shared_workspace.write_config("whole", config | {"output": "whole"}))
    assert whole.code == 0
    for file in ("predictions.jsonl", "badcases.jsonl"):
        assert predictions(shared_workspace, "stopped", file) == predictions(shared_workspace, "whole", file)
    assert not list((shared_workspace.outputs / "stopped").glob("*.partial.jsonl"))


ANSWER = [{"role": "assistant", "content": "SELECT count(*) FROM singer"}]


@pytest.fixture(scope="module")
def tuned(shared_workspace: Any, build: Any) -> str:
    """The folder of a model that learnt to answer every question with `ANSWER`."""
    rows = [{"prompt": row["prompt"], "completion": ANSWER} for row in evaluation_rows(12)[1::2]]
    data = shared_workspace.write_rows("train.jsonl", rows, "prompt-completion")
    trainer = {"learning_rate": 0.01, "max_steps": 60, "save_steps": 50}
    sft = build.sft_config(data, stage="full", peft=None, trainer=trainer)
    assert shared_workspace.run(shared_workspace.write_config("full", sft)).code == 0
    return "plan-full/model"


@pytest.mark.xdist_group("tuned")
def test_full_fine_tuning_then_dpo_then_a_target_that_is_met(
    shared_workspace: Any, build: Any, evaluation: dict[str, Any], baseline: Any, tuned: str
) -> None:
    assert shared_workspace.metrics("plan-full")["adapter"] is None
    assert shared_workspace.metrics("plan-full")["model"] == tuned

    heldout_rows = evaluation_rows(12)[1::2]
    wrong = [{"role": "assistant", "content": "SELECT 1"}]
    pairs = [{"prompt": row["prompt"], "chosen": ANSWER, "rejected": wrong} for row in heldout_rows]
    preference = shared_workspace.write_rows("pairs.jsonl", pairs, "preference")
    dpo = build.sft_config(preference, stage="dpo", peft=None, adapters=[tuned], trainer={"max_steps": 4})
    dpo |= {"method": "dpo"}
    dpo["trainer"]["learning_rate"] = 1e-5
    ended = shared_workspace.run(shared_workspace.write_config("dpo", dpo))
    assert ended.code == 0, ended.stderr
    first = next(event for event in ended.events if event["event"] == "step")
    assert first["rewards/margins"] == pytest.approx(0, abs=0.01)  # the reference is the merged model, not the base

    heldout = shared_workspace.write_rows("asked.jsonl", heldout_rows, "evaluation")
    config = copy.deepcopy(evaluation) | {"stage": "eval-2", "output": "plan-eval-2", "data": [heldout]}
    config["model"]["adapters"] = ["plan-dpo/model"]
    config["gate"]["target"] = 0.1
    ended = shared_workspace.run(shared_workspace.write_config("eval-2", config))
    assert ended.code == 0, ended.stderr
    assert shared_workspace.metrics("plan-eval-2")["metrics"]["execution_accuracy"]["value"] == 1.0
    assert ended.event("end")["gate"]["verdict"] == "target-met"


@pytest.fixture(scope="module")
def compared(shared_workspace: Any, evaluation: dict[str, Any], baseline: Any, tuned: str) -> dict[str, dict[str, Any]]:
    """Evaluations of the base model, then of the tuned one, with badcases, general rows and chains.

    The base model is right where its own answers are the references, the tuned one where the query it learnt is.
    """
    learnt, own = "SELECT count(*) FROM singer", predictions(shared_workspace, "plan-eval-0")
    rows, write = evaluation_rows(12), shared_workspace.write_rows
    references = [own[at]["prediction"] if at < 2 else learnt for at in range(12)]
    held_out = [{**row, "reference": right, "cluster": None} for row, right in zip(rows, references, strict=True)]
    bad = [
        {"id": f"b{at}", "prompt": row["prompt"], "answer": "?", "fix": learnt if at % 4 else "another", "class": kind}
        for at, (row, kind) in enumerate(zip(rows, ["critical"] + ["systemic"] * 11, strict=True))
    ]
    # the same prompts as the held-out rows, so the answers are the same
    general = [{**row, "reference": own[at]["prediction"]} for at, row in enumerate(rows)]
    texts = [{"text": f"第 {index} 段：how many singers are there in the hall number {index}?"} for index in range(90)]
    blocks = [
        write("compared.jsonl", held_out, "evaluation"),
        write("bad.jsonl", bad, "badcase") | {"role": "badcases", "limit": 8},
        write("general.jsonl", general, "evaluation") | {"role": "general"},
        write("texts.jsonl", texts, "text") | {"role": "general", "limit": 7},
    ]
    config = copy.deepcopy(evaluation) | {"data": blocks, "without_chain": True}
    config["metrics"] = [{"name": "exact_match", "answer_marker": "Answer:"}]
    config["gate"] = {"metric": "exact_match", "target": 0.9, "baseline": None}
    after = copy.deepcopy(config) | {"output": "tuned"}
    after["model"]["adapters"], after["gate"]["baseline"] = [tuned], "untuned"
    narrow = copy.deepcopy(after) | {"output": "narrow", "data": blocks[:2]}
    stages = {"untuned": config | {"output": "untuned"}, "tuned": after, "narrow": narrow}
    runs = [[str(shared_workspace.root), shared_workspace.write_config(*each).name, {}] for each in stages.items()]
    (shared_workspace.root / "models").symlink_to(shared_workspace.models)
    script = Path(__file__).with_name("chain.py")
    done = subprocess.run(
        [sys.executable, str(script)], input=json.dumps(runs), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-5000:]
    assert json.loads(done.stdout) == [[], [], []], done.stderr[-5000:]
    return {name: shared_workspace.metrics(name) for name in stages}


@pytest.mark.xdist_group("tuned")
def test_an_evaluation_lists_fixed_badcases_and_broken_answers(
    shared_workspace: Any, compared: dict[str, dict[str, Any]]
) -> None:
    before, after = compared["untuned"]["report"], compared["narrow"]["report"]
    assert "broken" not in before
    assert before["badcases"]["fixed"] == 0
    answered = predictions(shared_workspace, "narrow", "badcases.jsonl")
    assert len(answered) == 8
    fixed = [row["id"] for row in answered if row["scores"]["exact_match"]["value"] == 1]
    assert set(fixed) == {row["id"] for row in answered} - {"b0", "b4", "b8"}
    rates = after["badcases"]
    assert (rates["fixed"], rates["n"], rates["gain"]["value"]) == (len(fixed), 8, len(fixed) / 8)
    # the one critical badcase is always among the evaluated rows
    assert {name: (rate["fixed"], rate["n"]) for name, rate in rates["classes"].items()} == {
        "critical": (0, 1),
        "systemic": (len(fixed), 7),
    }
    assert (after["broken"]["count"], after["broken"]["fixed"]) == (2, 10)
    broken = predictions(shared_workspace, "narrow", "broken.jsonl")
    assert [row["id"] for row in broken] == after["broken"]["ids"] == ["问题-0", "问题-1"]
    assert broken[0]["before"] == broken[0]["reference"] != broken[0]["after"] == "SELECT count(*) FROM singer"
    assert compared["narrow"]["gate"]["verdict"] == "continue"


@pytest.mark.xdist_group("tuned")
def test_a_loss_of_general_ability_stops_a_plan_that_gained(
    shared_workspace: Any, compared: dict[str, dict[str, Any]]
) -> None:
    gate = compared["tuned"]["gate"]
    assert (gate["verdict"], gate["gain"]) == ("worse", compared["narrow"]["gate"]["gain"])
    assert gate["gain_low"] > 0
    assert gate["reason"].startswith("`exact_match` on general rows lost -")
    questions, text = compared["tuned"]["report"]["general"]
    assert (questions["measure"], questions["value"]["n"], questions["value"]["value"]) == ("exact_match", 12, 0.0)
    assert questions["gain"]["high"] < -0.02
    assert (text["measure"], text["value"]["n"]) == ("bits_per_byte", 7)
    assert compared["untuned"]["report"]["general"][1]["gain"] is None
    bits = {name: predictions(shared_workspace, name, "general_text.jsonl") for name in ("untuned", "tuned")}
    total = {name: sum(row["bits"] for row in rows) for name, rows in bits.items()}
    assert text["gain"]["value"] == pytest.approx(1 - total["tuned"] / total["untuned"])
    # bytes, not characters; and of the text that no stage trains on
    sizes = {len(f"第 {at} 段：how many singers are there in the hall number {at}?".encode()) for at in range(90)}
    assert {row["bytes"] for row in bits["tuned"]} <= sizes
    # a model of random weights needs as many bits as there are tokens to choose from
    assert 4 < compared["untuned"]["report"]["general"][1]["value"]["value"] < 10


@pytest.mark.xdist_group("tuned")
def test_the_worth_of_a_chain_tokens_and_time_are_measured(
    shared_workspace: Any, compared: dict[str, dict[str, Any]]
) -> None:
    report = compared["tuned"]["report"]
    worth = report["without_chain"]
    direct = predictions(shared_workspace, "tuned", "without_chain.jsonl")
    chained = predictions(shared_workspace, "tuned")
    assert [row["prompt_tokens"] for row in direct] > [row["prompt_tokens"] for row in chained]
    right = sum(row["scores"]["exact_match"]["value"] for row in direct)
    assert worth["without_chain"]["value"] == pytest.approx(right / 12)
    assert worth["gain"]["value"] == pytest.approx((10 - right) / 12)
    assert (worth["only_with"] - worth["only_without"], 0 <= worth["p"] <= 1) == (10 - right, True)
    assert report["tokens"]["answer"]["mean"] == pytest.approx(sum(row["tokens"] for row in chained) / 12, abs=1e-3)
    assert report["tokens"]["cut"] == sum(row["is_cut"] for row in chained)
    assert all(row["tokens"] == 12 for row in chained if row["is_cut"])
    assert 0 < report["seconds"]["p50"] <= report["seconds"]["p95"]
    assert report["seconds"]["batch_size"] == 5
    assert "seconds" not in chained[0]


def test_bits_are_of_text_that_is_never_trained_on() -> None:
    from runtime.contract.blocks import DataBlock
    from runtime.data.rows import Source
    from runtime.evaluate.question_sets import MAX_CHARACTERS, general_texts

    block = DataBlock(path="t", shape="text", sha256="0" * 64, rows=99, role="general", limit=50)
    texts = [f"text {index} " * 400 for index in range(99)]
    rows = [{"text": text} for text in (*texts, *texts)]  # duplicates are read once
    source = Source(block=block, rows=rows, places=[""] * 198, excluded=0)
    assert general_texts([source]) == [text[:MAX_CHARACTERS] for text in texts if is_held_out(text)]


@pytest.mark.parametrize(
    ("change", "code", "error", "text"),
    [
        ({"gate": {"metric": "exact_match", "target": 0.5, "baseline": "gone"}}, 66, "RUN722", "`gone/predictions"),
        ({"metrics": [{"name": "exact_match"}]}, 78, "RUN701", "`gate` reads `execution_accuracy`"),
        ({"metrics": [{"name": "execution_accuracy"}]}, 78, "RUN701", "`databases`"),
        ({"metrics": [{"name": "execution_accuracy", "databases": "none"}]}, 66, "RUN721", "`none`"),
        ({"peft": None}, 78, "RUN701", "`peft`"),
    ],
)
def test_bad_evaluations(
    shared_workspace: Any, evaluation: dict[str, Any], change: dict[str, Any], code: int, error: str, text: str
) -> None:
    config = copy.deepcopy(evaluation) | {"output": "bad"} | change
    ended = shared_workspace.run(shared_workspace.write_config("bad", config))
    assert (ended.code, ended.error) == (code, error), ended.stderr
    assert text in ended.event("error")["message"]


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"reference": "SELECT salary FROM singer"}, "no such column"),
        ({"reference": "DROP TABLE singer"}, "not authorized"),
        ({"database": "gone"}, "database `gone` has no script"),
        ({"database": None}, "lacks `database`"),
        ({"id": "问题-1"}, "repeats that of `bad.jsonl:2`"),
    ],
)
def test_bad_references(shared_workspace: Any, evaluation: dict[str, Any], row: dict[str, Any], text: str) -> None:
    rows = evaluation_rows(4)
    rows[2] |= row
    data = shared_workspace.write_rows("bad.jsonl", rows, "evaluation")
    config = copy.deepcopy(evaluation) | {"output": "bad", "data": [data]}
    ended = shared_workspace.run(shared_workspace.write_config("bad", config))
    assert (ended.code, ended.error) == (65, "RUN710"), ended.stderr
    assert text in ended.event("error")["message"]


def test_a_baseline_on_other_rows_cannot_be_compared(
    shared_workspace: Any, evaluation: dict[str, Any], baseline: Any
) -> None:
    data = shared_workspace.write_rows("fewer.jsonl", evaluation_rows(4), "evaluation")
    config = copy.deepcopy(evaluation) | {"output": "bad", "data": [data]}
    config["gate"]["baseline"] = "plan-eval-0"
    ended = shared_workspace.run(shared_workspace.write_config("bad", config))
    assert (ended.code, ended.error) == (65, "RUN714"), ended.stderr
