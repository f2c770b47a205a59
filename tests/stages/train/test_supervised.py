"""Supervised methods on the tiny model: corpora, chains, chain removal, tool calls, and their reports."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PEFT = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.0, "target_modules": "all-linear"}
TRAINER = {"learning_rate": 0.01, "per_device_train_batch_size": 4, "max_length": 256, "save_strategy": "no"}
MARKER = "Answer:"
TOOLS = [{"type": "function", "function": {"name": "count", "parameters": {"type": "object"}}}]


def turns(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


def chains(count: int) -> list[dict[str, Any]]:
    """Sums in two steps; every second chain repeats them."""
    return [
        {
            "prompt": turns("user", f"{index}+{index}+1?"),
            "chain": f"{index}+{index}={2 * index}" + f"; {2 * index}+1={2 * index + 1}" * (1 + index % 2),
            "completion": turns("assistant", str(2 * index + 1)),
        }
        for index in range(count)
    ]


def calls(count: int) -> list[dict[str, Any]]:
    """Conversations with tool calls whose arguments have several forms."""
    return [
        {
            "messages": [
                *turns("user", f"第 {index} 张表有几行？"),
                {
                    "role": "assistant",
                    "tool_calls": [{"function": {"name": "count", "arguments": {f"表{index % 3}": [index]}}}],
                },
                *turns("tool", "42"),
                *turns("assistant", "四十二行"),
            ],
            "tools": TOOLS,
        }
        for index in range(count)
    ]


def with_wrong_call(row: dict[str, Any]) -> dict[str, Any]:
    """The conversation with a wrong call, which is not learnt."""
    user, call, *rest = row["messages"]
    return {**row, "messages": [user, call | {"verdict": "wrong"}, *rest]}


@pytest.fixture(scope="module")
def ran(shared_workspace: Any, build: Any) -> dict[str, list[str]]:
    """Run all stages one after the other in one process; return their error codes by name."""
    workspace = shared_workspace
    build.models_with(workspace, toolful=build.TOOL_TEMPLATE, mute=None)
    chain = workspace.write_rows("chains.jsonl", chains(22), "chain")
    plain = workspace.write_rows("rows.jsonl", build.sft_rows(6), "prompt-completion")
    talks = workspace.write_rows("calls.jsonl", calls(5), "messages")
    judged = workspace.write_rows("judged.jsonl", [with_wrong_call(row) for row in calls(5)], "messages")
    poems = workspace.write_rows("poems.jsonl", texts("床前明月光，疑是地上霜。", 30), "text")
    general = workspace.write_rows("general.jsonl", texts("The singer was born in 1980. ", 30), "text")
    replay = general | {"role": "replay"}
    packed = {"packing": True, "packing_strategy": "bfd_split", "max_length": 64}
    curriculum = {"remove_tokens": 8, "epochs_per_removal": 1, "reset_optimizer": True}
    stages = [
        trained(build, "cpt", "cpt", poems, replay, replay_share=0.2, trainer={"max_steps": 12, **packed}),
        trained(build, "cpt-unpacked", "cpt", poems, replay_share=0.0, trainer={"max_length": 64}),
        trained(build, "cpt-too-wide", "cpt", poems, replay_share=0.0, trainer={**packed, "max_length": 1024}),
        trained(build, "cot", "cot", chain, plain, answer_marker=MARKER, trainer={"max_steps": 14}),
        trained(build, "latent", "latent-cot", chain, answer_marker=MARKER, curriculum=curriculum),
        trained(build, "tools", "sft", talks, trainer={"max_steps": 2}, model="toolful/1"),
        trained(build, "tools-lost", "sft", talks),
        trained(build, "full", "sft", plain, trainer={"max_steps": 6, "learning_rate": 0.001}) | {"peft": None},
        trained(build, "mute", "sft", plain, model="mute/1"),
        trained(build, "too-long", "sft", plain, trainer={"max_length": 48}),
        trained(build, "quantized", "sft", plain, quantization="nf4"),
        trained(build, "steps", "sft", judged, trainer={"max_steps": 2}, model="toolful/1"),
    ]
    for stage in stages:
        workspace.write_config(stage["stage"], stage)
    workspace.write_config("again", {**stages[4], "output": "plan-again"})
    runs = [[str(workspace.root), f"{stage['stage']}.yaml", None] for stage in stages]
    # stopped at the end of the first removal stage, where the optimiser is about to be reset; then run again
    runs += [
        [str(workspace.root), "again.yaml", {"event": "step", "step": 16}],
        [str(workspace.root), "again.yaml", None],
    ]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("stopping.py"))],
        input=json.dumps(runs),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    names = [*(stage["stage"] for stage in stages), "stopped", "resumed"]
    return dict(zip(names, map(codes, json.loads(done.stdout)), strict=True))


def codes(events: list[dict[str, Any]]) -> list[str]:
    return [event["code"] for event in events if event["event"] == "error"]


def texts(sentence: str, count: int) -> list[dict[str, Any]]:
    """Texts of several lengths, some over 64 tokens."""
    return [{"text": f"{index} " + sentence * (1 + index % 4)} for index in range(count)]


def trained(build: Any, stage: str, method: str, *data: dict[str, Any], **fields: Any) -> dict[str, Any]:
    trainer = {**TRAINER, **fields.pop("trainer", {})}
    model = {"path": fields.pop("model", "tiny/1")}
    if "quantization" in fields:
        model["quantization"] = fields.pop("quantization")
    config: dict[str, Any] = build.base_config(stage, method, *data, peft=PEFT, trainer=trainer, **fields)
    config["model"] |= model
    return config


def report(workspace: Any, stage: str) -> dict[str, Any]:
    found: dict[str, Any] = workspace.metrics(f"plan-{stage}")["report"]
    return found


def test_a_fifth_of_the_tokens_is_general_text_and_the_corpus_is_learnt(
    ran: dict[str, list[str]], shared_workspace: Any
) -> None:
    assert ran["cpt"] == []
    replay = report(shared_workspace, "cpt")["replay"]
    assert replay["share"] == pytest.approx(0.2, abs=0.001)
    assert replay["tokens"] == round(replay["corpus_tokens"] / 4)
    assert replay["rows_held_out"] > 0
    assert replay["rows"] + replay["rows_spare"] + replay["rows_held_out"] == 30
    training = shared_workspace.metrics("plan-cpt")["training"]
    assert training["tokens"] == replay["tokens"] + replay["corpus_tokens"]  # long texts are split, nothing is lost
    assert training["final_loss"] < training["mean_loss"] < 5.8


def test_texts_that_would_be_cut_are_refused(ran: dict[str, list[str]], shared_workspace: Any) -> None:
    assert ran["cpt-unpacked"] == ran["cpt-too-wide"] == ["RUN717"]


def test_chains_and_plain_answers_train_in_one_stage(ran: dict[str, list[str]], shared_workspace: Any) -> None:
    assert ran["cot"] == []
    answers = report(shared_workspace, "cot")["answers"]
    assert (answers["rows"], answers["conversations_split"], answers["made_rows_too_long"]) == (28, 0, 0)
    assert 0 < answers["tokens_learnt"] < answers["tokens"]
    training = shared_workspace.metrics("plan-cot")["training"]
    assert training["final_loss"] < training["mean_loss"] < 5.8


def test_chains_are_removed_stage_by_stage(ran: dict[str, list[str]], shared_workspace: Any) -> None:
    assert ran["latent"] == []
    metrics = shared_workspace.metrics("plan-latent")
    stages = metrics["report"]["curriculum"]
    left = [stage["chain_tokens_left"] for stage in stages]
    assert left[0] > left[1] > left[-1] == 0
    assert [stage["removed"] for stage in stages] == [8 * index for index in range(len(stages))]
    assert sum(stage["steps"] for stage in stages) == metrics["steps"] == metrics["max_steps"]
    # three passes (the default) over 22 rows in batches of 4 around the removals, and one in each of them
    assert [stage["steps"] for stage in stages] == [17, *[6] * (len(stages) - 2), 17]
    assert stages[-1]["mean_loss"] < stages[0]["mean_loss"]


def test_a_stop_between_two_removal_stages_changes_nothing(ran: dict[str, list[str]], shared_workspace: Any) -> None:
    assert (ran["stopped"], ran["resumed"]) == (["RUN740"], [])
    assert shared_workspace.adapter_bytes("plan-again") == shared_workspace.adapter_bytes("plan-latent")
    stages = report(shared_workspace, "latent")["curriculum"]
    assert report(shared_workspace, "again")["curriculum"] == stages


def test_calls_of_tools_are_trained_on_where_the_template_writes_them(
    ran: dict[str, list[str]], shared_workspace: Any
) -> None:
    assert ran["tools"] == []
    answers = report(shared_workspace, "tools")["answers"]
    assert answers["rows"] == 5
    assert ran["tools-lost"] == ["RUN718"]


def test_wrong_steps_of_a_trajectory_are_read_and_not_learnt(ran: dict[str, list[str]], shared_workspace: Any) -> None:
    assert ran["steps"] == []
    steps, tools = (report(shared_workspace, stage)["answers"] for stage in ("steps", "tools"))
    assert (steps["turns_masked"], tools["turns_masked"]) == (5, 0)
    assert steps["tokens"] == tools["tokens"]
    assert 0 < steps["tokens_learnt"] < tools["tokens_learnt"]


def test_all_weights_are_trained_where_there_is_no_adapter(ran: dict[str, list[str]], shared_workspace: Any) -> None:
    assert ran["full"] == []
    metrics = shared_workspace.metrics("plan-full")
    assert (metrics["adapter"], metrics["model"]) == (None, "plan-full/model")
    assert (shared_workspace.outputs / "plan-full" / "model" / "model.safetensors").is_file()
    assert metrics["training"]["final_loss"] < metrics["training"]["mean_loss"]


def test_a_stage_that_cannot_train_ends_with_its_code(ran: dict[str, list[str]]) -> None:
    assert ran["mute"] == ["RUN718"]
    assert ran["too-long"] == ["RUN717"]
    assert ran["quantized"] == ["RUN719"]


def test_the_labels_are_those_of_trl_where_trl_has_labels(tmp_path: Path, tiny_models: Path) -> None:
    program = Path(__file__).with_name("same_as_trl.py")
    folder = str(tiny_models / "tiny" / "1")
    done = subprocess.run([sys.executable, str(program), folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout) == {"rows": 14, "same": 14, "learnt": True}
