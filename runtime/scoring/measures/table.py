"""The metrics that are plain functions of a reference, an answer and options."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from runtime.contract.parts import label_of
from runtime.scoring.measures.overlap import chrf, require_sacrebleu, rouge_l, token_f1
from runtime.scoring.measures.phrases import missing_phrases, refuses
from runtime.scoring.measures.sets import set_scores

Options = Mapping[str, Any]
Scored = tuple[float, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class TextMetric:
    """A metric of two texts.

    `score` returns a value from 0 to 1 and why it is below 1. `require` raises RUN723 if a library is missing.
    """

    score: Callable[[str, str, Options], Scored]
    require: Callable[[], None] | None = None


def _contains(reference: str, answer: str, options: Options) -> Scored:
    fold, separator = options.get("fold", True), options.get("separator")
    missing, found = missing_phrases(reference, answer, separator=separator, fold=fold)
    right = found > 0 if options.get("need") == "any" else not missing
    return float(right), "" if right else f"lacks `{missing[0][:60]}`"


def _refusal(reference: str, answer: str, options: Options) -> Scored:
    should, does = (refuses(text, options.get("phrases", ())) for text in (reference, answer))
    return float(should == does), "" if should == does else "does not refuse" if should else "refuses"


def _label_accuracy(reference: str, answer: str, options: Options) -> Scored:
    labels = options.get("labels")
    wanted, found = label_of(reference, labels), label_of(answer, labels)
    if found is None:
        return 0.0, "no label"
    return float(wanted == found), "" if wanted == found else f"`{found[:60]}` instead"


def _part_of_set(part: int) -> Callable[[str, str, Options], Scored]:
    def score(reference: str, answer: str, options: Options) -> Scored:
        value = set_scores(reference, answer, options.get("separator"))[part]
        return value, _below(value)

    return score


def _overlap(measure: Callable[[str, str], float]) -> Callable[[str, str, Options], Scored]:
    def score(reference: str, answer: str, options: Options) -> Scored:
        value = measure(reference, answer)
        return value, _below(value)

    return score


def _below(value: float) -> str:
    return "" if value == 1 else f"overlap {value:.3f}"


TEXT_METRICS: dict[str, TextMetric] = {
    "contains": TextMetric(score=_contains),
    "token_f1": TextMetric(score=_overlap(token_f1)),
    "rouge_l": TextMetric(score=_overlap(rouge_l)),
    "chrf": TextMetric(score=_overlap(chrf), require=require_sacrebleu),
    "refusal": TextMetric(score=_refusal),
    "label_accuracy": TextMetric(score=_label_accuracy),
    "macro_f1": TextMetric(score=_label_accuracy),
    "set_precision": TextMetric(score=_part_of_set(0)),
    "set_recall": TextMetric(score=_part_of_set(1)),
    "set_f1": TextMetric(score=_part_of_set(2)),
}
