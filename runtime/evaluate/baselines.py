"""The earlier evaluations that a gate compares with."""

from dataclasses import dataclass
from pathlib import Path

from runtime.contract.goal_blocks import GateBlock
from runtime.evaluate.forgetting import TextBits, read_baseline_texts
from runtime.evaluate.question_sets import QuestionSet
from runtime.evaluate.scored import BaselineAnswers, read_baseline


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """The results of an earlier evaluation on the same question sets and general texts."""

    sets: dict[str, BaselineAnswers]
    texts: TextBits | None


def load_baselines(
    gate: GateBlock | None, outputs: Path, sets: list[QuestionSet], texts: list[str]
) -> dict[str, Baseline]:
    """Return the earlier evaluations that the gate and its guards name, by folder.

    RUN722 if one is missing, RUN714 if it is not comparable.
    """
    if gate is None:
        return {}
    names = dict.fromkeys([gate.baseline, *(guard.baseline for guard in gate.guards)])
    return {
        name: Baseline(
            sets={questions.name: read_baseline(outputs, name, questions) for questions in sets},
            texts=read_baseline_texts(outputs, name, texts) if texts else None,
        )
        for name in names
        if name is not None
    }
