"""The score of a stage in one line."""

from typing import Any

import pytest

from runtime.stage.score_line import score_line

METRIC = {"value": 0.129, "low": 0.068, "high": 0.206, "n": 100}
GATE = {"verdict": "continue", "reason": "it gained", "gain": 0.129, "gain_low": 0.07, "gain_high": 0.2}


def document(method: str, **fields: Any) -> dict[str, Any]:
    return {"method": method, "metrics": {}, "training": {}, "report": {}, "gate": None, **fields}


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (
            document("sft", training={"curves": {"loss": {"first": 2.312, "last": 0.418}}}),
            "loss 2.31 → 0.42",
        ),
        (
            document(
                "grpo",
                training={
                    "curves": {"reward": {"first": 0.0, "last": 0.0123}, "loss": {"first": 0.0, "last": -0.0004}}
                },
                report={"share_without_spread": 0.43, "warnings": ["all answers are cut"]},
            ),
            "reward 0.00 → 0.012, loss 0.00 → -0.0004, 43% of groups with equal rewards, 1 warning",
        ),
        (
            document("evaluate", metrics={"exact_match": METRIC}, gate=GATE),
            "held-out exact_match 0.000 → 0.129 (0.068–0.206), gate: continue",
        ),
        (
            document("evaluate", metrics={"exact_match": METRIC, "tool_call": METRIC}),
            "held-out exact_match 0.129 (0.068–0.206), tool_call 0.129 (0.068–0.206)",
        ),
        (
            document(
                "evaluate",
                metrics={"exact_match": METRIC, "tool_call": METRIC},
                gate=GATE | {"verdict": "no-gain"},
                report={"gains": {"tool_call": {"value": 0.1, "low": 0.0, "high": 0.2}}},
            ),
            "held-out exact_match 0.000 → 0.129 (0.068–0.206), tool_call 0.029 → 0.129 (0.068–0.206), gate: no gain",
        ),
        (document("reward", metrics={"pair_accuracy": METRIC}), "pair_accuracy 0.129 (0.068–0.206)"),
        (document("pairs", training={"usable": 1, "dropped": 2, "excluded": 0}), "1 pair kept, 2 dropped"),
        (
            document("teacher", report={"answers": 8, "kept": 5, "dropped": {"empty": 1, "repeated": 2}}),
            "8 answers, 5 rows kept, 3 dropped",
        ),
        (
            document(
                "sample",
                report={
                    "rows": 3,
                    "samples": 32,
                    "right_samples": 9,
                    "prompts_without_row": {"with wrong samples only": 5},
                },
            ),
            "3 rows kept, 5 prompts without a row, 9 of 32 samples right",
        ),
        (document("load", report={"fetched": 1, "kept": 4}), "1 file fetched, 4 kept"),
        (
            document("preflight", report={"verdicts": {"contract": "passes", "signal": "blocks"}}, gate=GATE),
            "1 of 2 checks passed, gate: continue",
        ),
    ],
)
def test_each_kind_of_stage_has_its_score(made: dict[str, Any], line: str) -> None:
    assert score_line(made) == line
