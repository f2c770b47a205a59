"""Supervised fine-tuning in the less common ways."""

from typing import Any


def test_packed_conversations_in_a_pod_without_a_home(workspace: Any, build: Any) -> None:
    rows = []
    for row in build.sft_rows(10):
        turns = [{"role": "system", "content": "你是数据库助手。"}, *row["prompt"], *row["completion"]]
        rows.append({"messages": turns, "source": "a key that is there for people"})
    data = workspace.write_rows("train.jsonl", rows, "messages")
    trainer = {"packing": True, "max_length": 200, "max_steps": 3, "save_strategy": "no"}
    config = build.sft_config(data, trainer=trainer)
    # The root file system of a pod is read-only: nothing may need a home folder.
    ended = workspace.run(workspace.write_config("stage", config), environment={"HOME": "/proc/none"})
    assert ended.code == 0, ended.stderr
    counts = ended.event("data")
    assert (counts["rows"], counts["sequences"], counts["dropped"]) == (10, 10, 0)
    assert counts["tokens"] > 500
    assert workspace.metrics("plan-sft")["training"]["tokens"] == counts["tokens"]


def test_blocks_of_both_shapes_train_as_one_form(workspace: Any, build: Any) -> None:
    rows = build.sft_rows(6)
    talks = [{"messages": [*row["prompt"], *row["completion"]]} for row in rows[3:]]
    trainer = {"max_steps": 3, "save_strategy": "no"}
    together = build.sft_config(workspace.write_rows("all.jsonl", rows, "prompt-completion"), trainer=trainer)
    apart = build.sft_config(
        workspace.write_rows("three.jsonl", rows[:3], "prompt-completion"),
        workspace.write_rows("talks.jsonl", talks, "messages"),
        trainer=trainer,
        output="apart",
    )
    for name, config in (("together", together), ("apart", apart)):
        ended = workspace.run(workspace.write_config(name, config))
        assert ended.code == 0, ended.stderr
    # the same rows in the same order, whatever their shape: the same weights, bit for bit
    assert workspace.adapter_bytes("apart") == workspace.adapter_bytes("plan-sft")
