"""The report of a prompt optimisation: rounds, the winner's score on rows that chose nothing, and what is not known."""

import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from runtime.contract.prompting import OptimizePromptStage
from runtime.make.prompts.bounds import corrected_interval
from runtime.make.prompts.race import Raced
from runtime.make.prompts.rounds import Round, Work
from runtime.make.prompts.splits import Splits, cluster_of
from runtime.scoring.measures.labels import is_set_level, labels_in
from runtime.stage.label_statistics import gain_of_macro_f1, interval_of_macro_f1
from runtime.stage.statistics import Interval, interval_of_gain, interval_of_mean

_ENDINGS = {
    "plateau": "the last rounds no longer gain",
    "rounds": "the last round is done",
    "budget": "the budget is spent",
    "no candidates": "every candidate has been tried",
    "perfect": "every question that chooses is answered right",
}


def report_of(stage: OptimizePromptStage, work: Work, splits: Splits) -> tuple[dict[str, Interval], dict[str, Any]]:
    """Return the winner's score by metric on the rows that report, and the fields of the report.

    `rounds` is what `trainspec collect` writes as evidence. `selection` has the winner's score on the rows that chose
    it: `naive` as if it had been the only prompt, `corrected` for the choice.
    """
    name = stage.metrics[0].name
    first, last = work.rounds[0], work.rounds[-1]
    rounds = [_round(each, stage, splits) for each in work.rounds]
    gain = _gain(stage, splits, last, first)
    final = work.ending != "budget"
    report: dict[str, Any] = {
        "prompt": {
            "final": final,
            "ending": _ENDINGS[work.ending],
            "questions": len(splits.report),
            "rounds": rounds,
            "selection": _selection(work, splits),
            "plateau": _plateau(last),
            "splits": {
                "propose": len(splits.propose),
                "select": len(splits.select),
                "report": len(splits.report),
                "dropped": splits.dropped,
            },
            "races": [_race(each.name, each.raced) for each in work.rounds if each.raced is not None],
        },
        "gains": {name: asdict(gain)},
    }
    warnings = list(splits.warnings)
    if not final:
        warnings.append(f"the budget is spent, so the prompt is the best so far and not final: {work.spent}")
    if gain.high < 0:
        warnings.append("the chosen prompt is worse than the current one on the rows that report: keep the current one")
    if warnings:
        report["warnings"] = warnings
    return {name: _interval(stage, splits, last)}, report


def prompt_diff(old: str, new: str) -> str:
    """Return the difference of two prompts, line by line; empty if they are equal."""
    lines = difflib.unified_diff(
        old.split("\n"), new.split("\n"), "current prompt", "best prompt", lineterm="", n=10_000
    )
    return "".join(f"{line}\n" for line in lines)


def _round(each: Round, stage: OptimizePromptStage, splits: Splits) -> dict[str, Any]:
    found = _interval(stage, splits, each)
    return {
        "name": each.name,
        "technique": each.technique,
        "score": found.value,
        "low": found.low,
        "high": found.high,
        "sha256": hashlib.sha256(f"{each.draft.text}\n".encode()).hexdigest(),
    }


def _race(name: str, raced: Raced) -> dict[str, Any]:
    runners = [raced.incumbent, *raced.rivals]
    return {
        "name": name,
        "questions": len(raced.questions),
        "calls": raced.calls,
        "saved": raced.saved,
        "runners": [
            {
                "technique": each.draft.technique,
                "origin": each.draft.origin,
                "mean": round(each.mean, 4),
                "answers": len(each.scores),
                "left": each.left or None,
            }
            for each in runners
        ],
    }


def _selection(work: Work, splits: Splits) -> dict[str, Any] | None:
    """Return the score of the winner on the rows that chose it; None if no race ended."""
    raced = next((each.raced for each in reversed(work.rounds) if each.raced is not None), None)
    if raced is None:
        return None
    scores = raced.winner.scores
    clusters = [cluster_of(each) for each in raced.questions[: len(scores)]]
    return {
        "choices": work.choices,
        "naive": asdict(corrected_interval(scores, clusters, 1)),
        "corrected": asdict(corrected_interval(scores, clusters, work.choices)),
    }


def _plateau(last: Round) -> dict[str, Any] | None:
    if last.plateau is None:
        return None
    return {"state": last.plateau.state, "highest_gain": round(last.plateau.highest, 4)}


def _interval(stage: OptimizePromptStage, splits: Splits, each: Round) -> Interval:
    metric, clusters = stage.metrics[0], [cluster_of(one) for one in splits.report]
    if is_set_level(metric):
        return interval_of_macro_f1(_wanted(stage, splits), _labels(stage, each), clusters)
    return interval_of_mean([one.score for one in each.answers], clusters)


def _gain(stage: OptimizePromptStage, splits: Splits, new: Round, old: Round) -> Interval:
    clusters = [cluster_of(one) for one in splits.report]
    if is_set_level(stage.metrics[0]):
        return gain_of_macro_f1(_wanted(stage, splits), _labels(stage, new), _labels(stage, old), clusters)
    after, before = ([one.score for one in each.answers] for each in (new, old))
    return interval_of_gain(after, before, clusters)


def _wanted(stage: OptimizePromptStage, splits: Splits) -> list[str]:
    return [str(each) for each in labels_in([str(one.reference) for one in splits.report], stage.metrics[0])]


def _labels(stage: OptimizePromptStage, each: Round) -> Sequence[str | None]:
    return labels_in([one.text for one in each.answers], stage.metrics[0])
