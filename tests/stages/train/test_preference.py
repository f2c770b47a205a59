"""Pairs, DPO, KTO and reward models on a tiny model: each stage feeds the next and reports what it learnt."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TRAINER = {"learning_rate": 0.01, "per_device_train_batch_size": 4, "max_length": 128, "warmup_steps": 2}
PEFT = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.0, "target_modules": "all-linear"}
FROM_PAIRS = {
    "path": "plan-pairs/preference.jsonl",
    "volume": "outputs",
    "shape": "preference",
    "sha256": None,
    "rows": None,
}


def turns(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


def badcases(count: int) -> list[dict[str, Any]]:
    """Badcases whose fix counts and whose answer lists; another model logged every fourth."""
    return [
        {
            "id": f"b{index}",
            "cluster": f"表 {index % 24}",
            "prompt": turns("user", f"第 {index} 题: how many?"),
            "answer": f"SELECT name FROM t{index}",
            "fix": f"SELECT count(*) FROM t{index}",
            "model": "other/1" if index % 4 == 0 else "tiny/1",
        }
        for index in range(count)
    ]


def thumbs(count: int) -> list[dict[str, Any]]:
    """Rated answers: the two of three that count are good."""
    return [
        {
            "prompt": turns("user", f"第 {index} 题"),
            "completion": turns("assistant", "count(*)" if index % 3 else "age"),
            "label": bool(index % 3),
        }
        for index in range(count)
    ]


def noise(count: int) -> list[dict[str, Any]]:
    """Pairs without a signal: each has its opposite under another prompt."""
    answers = [turns("assistant", "count"), turns("assistant", "singer")]
    return [
        {"prompt": turns("user", f"{index}"), "chosen": answers[index % 2], "rejected": answers[1 - index % 2]}
        for index in range(count)
    ]


@pytest.fixture(scope="module")
def ran(shared_workspace: Any, build: Any) -> dict[str, list[str]]:
    """Run all stages one after the other in one process; return their error codes by name."""
    workspace = shared_workspace
    build.models_with(workspace, toolful=build.TOOL_TEMPLATE)
    made = workspace.write_rows("badcases.jsonl", badcases(48), "badcase")
    marked = workspace.write_rows("thumbs.jsonl", thumbs(49), "unpaired-preference")
    liked = workspace.write_rows("liked.jsonl", [row for row in thumbs(48) if row["label"]], "unpaired-preference")
    random = workspace.write_rows("noise.jsonl", noise(40), "preference")
    tools = workspace.write_rows("tools.jsonl", calls(6), "preference")
    reward = {"held_out_share": 0.25}
    stages = [
        build.base_config("pairs", "pairs", made, pairs={"min_edit_distance": 0.1}),
        trained("dpo", "dpo", build, FROM_PAIRS, 16, loss_type=["sigmoid", "sft"], loss_weights=[1.0, 1.0]),
        trained("kto", "kto", build, marked, 24, beta=0.5),
        trained("kto-one", "kto", build, marked, 24, per_device_train_batch_size=1),
        trained("kto-liked", "kto", build, liked, 24),
        trained("reward", "reward", build, FROM_PAIRS, 24) | reward,
        trained("reward-full", "reward", build, FROM_PAIRS, 16, learning_rate=0.001) | reward | {"peft": None},
        trained("reward-noise", "reward", build, random, 8) | reward,
        toolful("dpo-tools", build, tools),
        trained("dpo-tools-lost", "dpo", build, tools, 3),
        trained("reward-tools", "reward", build, tools, 3) | reward,
        trained("dpo-long", "dpo", build, random, 3, max_length=12),
        trained("dpo-made-long", "dpo", build, FROM_PAIRS, 3, max_length=44),
        trained("dpo-all-long", "dpo", build, FROM_PAIRS, 3, max_length=8),
        trained("kto-long", "kto", build, marked, 3, max_length=12),
        trained("reward-long", "reward", build, random, 3, max_length=12) | reward,
        trained("reward-few", "reward", build, made_of_one_prompt(workspace), 8) | reward,
    ]
    runs = [[str(workspace.root), workspace.write_config(each["stage"], each).name, {}] for each in stages]
    script = Path(__file__).with_name("chain.py")
    done = subprocess.run(
        [sys.executable, str(script)], input=json.dumps(runs), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-5000:]
    return dict(zip([each["stage"] for each in stages], json.loads(done.stdout), strict=True))


def trained(stage: str, method: str, build: Any, data: dict[str, Any], steps: int, **trainer: Any) -> dict[str, Any]:
    settings = {**TRAINER, "max_steps": steps, **trainer}
    config: dict[str, Any] = build.base_config(stage, method, data, peft=PEFT, trainer=settings)
    return config


def toolful(stage: str, build: Any, data: dict[str, Any]) -> dict[str, Any]:
    config = trained(stage, "dpo", build, data, 3, max_length=256)
    config["model"] |= {"path": "toolful/1"}
    return config


def calls(count: int) -> list[dict[str, Any]]:
    """Pairs of answers after tool calls whose arguments differ in name and type."""
    arguments = [{"table": "singer"}, {"id": 3}, {"columns": ["age", 1]}]
    return [
        {
            "prompt": [
                *turns("user", f"第 {index} 张表有几行？"),
                {
                    "role": "assistant",
                    "tool_calls": [{"function": {"name": "count", "arguments": arguments[index % 3]}}],
                },
                *turns("tool", "42"),
            ],
            "chosen": turns("assistant", "四十二行"),
            "rejected": turns("assistant", "不知道"),
            "tools": [{"type": "function", "function": {"name": "count", "parameters": {"type": "object"}}}],
        }
        for index in range(count)
    ]


def made_of_one_prompt(workspace: Any) -> dict[str, Any]:
    rows = [{"prompt": "the same", "chosen": f"good {index}", "rejected": "bad"} for index in range(8)]
    block: dict[str, Any] = workspace.write_rows("one.jsonl", rows, "preference")
    return block


def test_pairs_are_written_and_reported_by_rule(shared_workspace: Any, ran: dict[str, list[str]]) -> None:
    assert ran["pairs"] == []
    lines = (shared_workspace.outputs / "plan-pairs" / "preference.jsonl").read_text(encoding="utf-8").splitlines()
    assert "第 0 题" in lines[0]
    assert json.loads(lines[1])["cluster"] == "表 1"
    rules = shared_workspace.metrics("plan-pairs")["report"]["rules"]
    assert rules["D1"]["made"]["count"] == len(lines) == 48
    assert rules["D4"]["kept_but_off_policy"] == {"count": 12, "examples": ["b0", "b4", "b8", "b12", "b16"]}
    assert rules["D4"]["logged_by"] == {"other/1": 12, "tiny/1": 36}


def test_dpo_with_the_sft_loss_learns_from_made_pairs(shared_workspace: Any, ran: dict[str, list[str]]) -> None:
    assert ran["dpo"] == []
    metrics = shared_workspace.metrics("plan-dpo")
    assert metrics["steps"] == 16
    margins = metrics["report"]["curves"]["rewards/margins"]
    assert margins["last"] > margins["first"] + 0.1
    # the sft loss keeps the chosen answer from becoming less likely, as it may under the sigmoid loss alone
    chosen = metrics["report"]["curves"]["rewards/chosen"]
    assert chosen["last"] > chosen["first"]


def test_kto_learns_to_separate_good_from_bad_answers(shared_workspace: Any, ran: dict[str, list[str]]) -> None:
    assert ran["kto"] == []
    report = shared_workspace.metrics("plan-kto")["report"]
    assert report["balance"]["desirable"] == 32
    assert report["balance"]["undesirable"] == 17
    assert report["left_over"] == 1  # 49 answers in batches of 4
    assert report["balance"]["ratio"] == pytest.approx(4 / 3)
    margins = report["curves"]["rewards/margins"]
    assert margins["last"] > margins["first"] + 0.1


def test_kto_refuses_what_it_cannot_learn_from(ran: dict[str, list[str]]) -> None:
    assert ran["kto-one"] == ["RUN702"]
    assert ran["kto-liked"] == ["RUN727"]


@pytest.mark.parametrize("stage", ["reward", "reward-full"])
def test_a_reward_model_agrees_with_pairs_that_it_has_not_seen(
    shared_workspace: Any, ran: dict[str, list[str]], stage: str
) -> None:
    assert ran[stage] == []
    metrics = shared_workspace.metrics(f"plan-{stage}")
    accuracy = metrics["metrics"]["pair_accuracy"]
    assert accuracy["n"] == 12
    assert accuracy["value"] > 0.9
    assert metrics["gate"]["verdict"] == "continue"
    report = metrics["report"]["agreement"]
    assert report["mean_margin"] > 0
    assert sum(each["pairs"] for each in report["by_cluster"].values()) == 12


def test_a_reward_model_no_better_than_chance_stops_the_plan(shared_workspace: Any, ran: dict[str, list[str]]) -> None:
    assert ran["reward-noise"] == []
    metrics = shared_workspace.metrics("plan-reward-noise")
    assert metrics["gate"]["verdict"] == "no-gain"
    assert "not significantly better than chance" in metrics["gate"]["reason"]


def test_pairs_that_cannot_be_split_are_refused(ran: dict[str, list[str]]) -> None:
    assert ran["reward-few"] == ["RUN728"]


def test_tools_and_their_calls_reach_the_model_or_the_stage_is_refused(
    shared_workspace: Any, ran: dict[str, list[str]]
) -> None:
    assert ran["dpo-tools"] == []
    assert shared_workspace.metrics("plan-dpo-tools")["steps"] == 3
    assert ran["dpo-tools-lost"] == ["RUN718"]  # the template writes neither
    assert ran["reward-tools"] == ["RUN716"]


@pytest.mark.parametrize("stage", ["dpo-long", "kto-long", "reward-long"])
def test_rows_that_would_be_cut_are_refused(ran: dict[str, list[str]], stage: str) -> None:
    assert ran[stage] == ["RUN717"]


def test_made_pairs_that_are_too_long_are_left_out_and_counted(
    shared_workspace: Any, ran: dict[str, list[str]]
) -> None:
    assert ran["dpo-made-long"] == []
    metrics = shared_workspace.metrics("plan-dpo-made-long")
    assert metrics["report"]["made_rows_too_long"] == 37  # those whose number is two tokens
    assert metrics["training"]["rows"] == 11
    assert ran["dpo-all-long"] == ["RUN712"]
