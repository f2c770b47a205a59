"""Evaluations under a prompt: the questions are put into it, by weights as by an endpoint."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from support.chat_endpoint import served

from runtime.contract.errors import StageError
from runtime.contract.stages import EvaluateStage
from runtime.evaluate import stage as evaluate

sys.path.insert(0, str(Path(__file__).parent))
import prompt_task as task


def stage_of(context: Any, served_block: dict[str, Any] | None, model: str, prompt: dict[str, Any]) -> EvaluateStage:
    rows = task.held_out(6)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (context.volumes.outputs / "held-out.jsonl").write_text(text, encoding="utf-8")
    block = {"path": "held-out.jsonl", "shape": "evaluation", "volume": "outputs", "sha256": None, "rows": None}
    return EvaluateStage.model_validate(
        {
            "schema": "trainspec.dev/stage/v1",
            "plan": "desk",
            "stage": "evaluate-prompt",
            "method": "evaluate",
            "output": "out",
            "seed": 7,
            "model": {"path": model, "adapters": [], "dtype": "float32", "trust_remote_code": False},
            "data": [block],
            "generation": {"max_new_tokens": 8, "batch_size": 4},
            "metrics": [{"name": "exact_match", "answer_marker": "Answer:"}],
            "gate": {"metric": "exact_match", "target": 0.3, "baseline": None},
            "prompt": prompt,
            "served": served_block,
        }
    )


def test_an_endpoint_is_evaluated_with_the_best_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with served() as server, task.context_in(tmp_path) as context:
        server.respond = task.answer
        (context.volumes.outputs / "prompt.md").write_text("只能回答以下之一：INV、PWD、RET。\n", encoding="utf-8")
        block = {"name": "chat", "revision": "1", "endpoint": server.url, "requests_per_minute": 100_000}
        stage = stage_of(context, block, "chat/1", {"path": "prompt.md", "volume": "outputs"})
        outcome = evaluate.run(stage, context)
        assert outcome.metrics["exact_match"].value == 1.0
        assert outcome.gate is not None
        assert "seconds" not in outcome.report  # the endpoint's time says nothing about the model
        assert all("只能回答以下之一" in body["messages"][0]["content"] for body in server.requests)
        lines = (context.folder / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
        assert json.loads(lines[0])["prediction"] == "INV"
        paid = len(server.requests)
        evaluate.run(stage, context)
        assert len(server.requests) == paid == 6


def test_weights_are_evaluated_with_the_best_prompt(tmp_path: Path, tiny_models: Path) -> None:
    with task.context_in(tmp_path) as context:
        (context.volumes.models / "tiny").symlink_to(tiny_models / "tiny")
        prompt = context.volumes.outputs / "prompt.md"
        counts = []
        for text in ("", "Answer with one code. " * 3):
            prompt.write_text(f"{text}\n", encoding="utf-8")
            outcome = evaluate.run(
                stage_of(context, None, "tiny/1", {"path": "prompt.md", "volume": "outputs"}), context
            )
            counts.append(outcome.report["tokens"]["prompt"]["mean"])
        assert counts[1] > counts[0] + 10


def test_a_prompt_that_no_stage_wrote_is_missing(tmp_path: Path) -> None:
    with task.context_in(tmp_path) as context, pytest.raises(StageError) as refused:
        evaluate.run(stage_of(context, None, "tiny/1", {"path": "job/prompt.md", "volume": "outputs"}), context)
    assert refused.value.problem.code == "RUN722"
