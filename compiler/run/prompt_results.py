"""Convert the rounds of a prompt optimisation in the runtime's `metrics.json` into evidence."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from compiler.run.results import DIGITS
from compiler.spec.schema import API_VERSION


def rounds_document(name: str, config: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the prompt log of a Job: its model, metric, test set, decoding and prompts, so that it can be verified.

    The digest is that of the rows that report, which chose nothing.
    """
    report = metrics["report"]["prompt"]
    test_set = next(block for block in config["data"] if block["shape"] == "evaluation")
    return {
        "apiVersion": API_VERSION,
        "kind": "PromptRounds",
        "metadata": {
            "source": f"Job {name}",
            "date": datetime.fromisoformat(metrics["ended"]).date().isoformat(),
            "digest": test_set["sha256"],
            "model": config["model"]["path"],
            **({} if report["final"] else {"note": "the budget was spent before the last round; not final"}),
        },
        "spec": {
            "metric": config["metrics"][0]["name"],
            "decoding": {"temperature": float(config["generation"].get("temperature", 0.0))},
            "rounds": [_round(each, report["questions"]) for each in report["rounds"]],
        },
    }


def _round(found: Mapping[str, Any], questions: int) -> dict[str, Any]:
    figures = {name: round(float(found[name]), DIGITS) for name in ("score", "low", "high")}
    return {
        "name": found["name"],
        "technique": found["technique"],
        **figures,
        "questions": questions,
        "promptDigest": found["sha256"],
    }
