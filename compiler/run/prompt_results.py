"""Convert the rounds of a prompt optimisation in the runtime's `metrics.json` into evidence."""

from collections.abc import Mapping
from typing import Any

from compiler.run.results import DIGITS, evidence


def rounds_document(name: str, config: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the prompt log of a Job: its model, metric, test set, decoding and prompts, so that it can be verified.

    The digest is that of the rows that report, which chose nothing.
    """
    report = metrics["report"]["prompt"]
    test_set = next(block for block in config["data"] if block["shape"] == "evaluation")
    note = {} if report["final"] else {"note": "the budget was spent before the last round; not final"}
    spec = {
        "metric": config["metrics"][0]["name"],
        "decoding": {"temperature": float(config["generation"].get("temperature", 0.0))},
        "rounds": [_round(each, report["questions"]) for each in report["rounds"]],
    }
    model = config["model"]["path"]
    return evidence("PromptRounds", name, metrics, test_set["sha256"], spec, model=model, **note)


def _round(found: Mapping[str, Any], questions: int) -> dict[str, Any]:
    figures = {name: round(float(found[name]), DIGITS) for name in ("score", "low", "high")}
    return {
        "name": found["name"],
        "technique": found["technique"],
        **figures,
        "questions": questions,
        "promptDigest": found["sha256"],
    }
