"""What a judge did in an evaluation: its verdicts, raw and corrected figures, and its agreement with people."""

from dataclasses import asdict
from typing import Any

from runtime.contract.agreement import Agreement
from runtime.contract.stages import EvaluateStage
from runtime.evaluate.scored import BaselineAnswers, ScoredSet


def judged_report(stage: EvaluateStage, scored: ScoredSet, before: BaselineAnswers | None) -> dict[str, Any]:
    """Return the figures of each metric that a judge measures; empty without a judge.

    `raw` is the share of answers that the judge passes, and `raw_gain` its gain over the baseline. The figure of the
    metric is the corrected one where `agreement` is not null; without it, the metric does not decide.
    """
    if stage.judge is None:
        return {}
    return {
        metric.name: {
            "judge": stage.judge.path,
            "language": stage.judge.language,
            "rubric": stage.metric_code[metric.options["rubric"]],
            "unjudged": len(scored.answers) - len(scored.scores[metric.name]),
            "raw": asdict(scored.interval(metric.name, raw=True)),
            "raw_gain": asdict(scored.gain(metric.name, before, raw=True)) if before else None,
            "agreement": _rates(scored.questions.agreements.get(metric.name)),
        }
        for metric in stage.metrics
        if metric.is_judged
    }


def _rates(agreement: Agreement | None) -> dict[str, Any] | None:
    if agreement is None:
        return None
    return {**asdict(agreement), "tpr": round(agreement.tpr, 4), "tnr": round(agreement.tnr, 4)}
