"""Answers of the base model, from the runtime's evaluation stage, to measure prompts and collect badcases."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEED = 42
# Longer answers are the model repeating itself until it is cut off: they are wrong, but teach nothing about SQL.
MAX_ANSWER_CHARACTERS = 160


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """The metric's estimate {value, low, high, n}, and (evaluation row, answer) for each wrong answer."""

    accuracy: dict[str, Any]
    wrong: list[tuple[dict[str, Any], str]]


def answer_rows(model: Path, rows: Sequence[dict[str, Any]], name: str) -> Answers:
    """Let the model in folder `model` answer evaluation `rows` greedily; SystemExit if that fails."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode("utf-8")
        (work / "rows.jsonl").write_bytes(data)
        (work / "databases").symlink_to(HERE / "data" / "databases")
        config = work / "config.yaml"
        config.write_text(json.dumps(_stage(model.name, data, len(rows))), encoding="utf-8")
        volumes = {"MODELS": model.absolute().parent, "DATA": work, "OUTPUTS": work, "TERMINATION_LOG": work / "log"}
        environment = os.environ | {f"TRAINSPEC_{key}": str(path) for key, path in volumes.items()}
        print(f"{name}: {len(rows)} questions", file=sys.stderr)
        command = [sys.executable, "-m", "runtime", str(config)]
        status = subprocess.run(command, env=environment, stdout=sys.stderr).returncode  # noqa: S603  (our own package)
        if status:
            print(f"error: the evaluation of `{model}` failed; see its message above", file=sys.stderr)
            raise SystemExit(status)
        metrics = json.loads((work / "answers" / "metrics.json").read_text(encoding="utf-8"))
        lines = (work / "answers" / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    by_id = {row["id"]: row for row in rows}
    records = [json.loads(line) for line in lines]
    failed = [each for each in records if not each["scores"]["execution_accuracy"]["value"]]
    wrong = [(by_id[each["id"]], each["prediction"]) for each in failed]
    return Answers(accuracy=metrics["metrics"]["execution_accuracy"], wrong=wrong)


def badcases(wrong: Sequence[tuple[dict[str, Any], str]], model: str, prompt_version: str) -> list[dict[str, Any]]:
    """Return a badcase for each wrong answer that is a whole query: what was answered, and the gold as the fix."""
    from runtime.scoring.sandbox.sql import extract_sql

    return [
        {
            "id": f"badcase-{row['id']}",
            "database": row["database"],
            "cluster": row["cluster"],
            "model": model,
            "prompt_version": prompt_version,
            "prompt": row["prompt"],
            "answer": query,
            "fix": row["reference"],
        }
        for row, answer in wrong
        for query in [extract_sql(answer)]
        if query.upper().startswith("SELECT ") and len(query) <= MAX_ANSWER_CHARACTERS
    ]


def _stage(model: str, data: bytes, rows: int) -> dict[str, Any]:
    return {
        "schema": "trainspec.dev/stage/v1alpha1",
        "plan": "nl2sql",
        "stage": "base-answers",
        "method": "evaluate",
        "output": "answers",
        "seed": SEED,
        "model": {"path": model, "adapters": [], "dtype": "float32", "trust_remote_code": False},
        "data": {"path": "rows.jsonl", "shape": "evaluation", "sha256": hashlib.sha256(data).hexdigest(), "rows": rows},
        "generation": {"max_new_tokens": 64, "batch_size": 16},
        "metrics": [{"name": "execution_accuracy", "databases": "databases"}],
        "gate": None,
    }
