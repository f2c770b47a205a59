"""`make prompt-honesty`: simulate whole prompt optimisations whose true scores are known.

Two promises are checked: the interval of a winner on the rows that chose it covers its true score after the correction,
and a plateau is declared wrongly in at most 5 % of all jobs.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from runtime.data.questions import Question
from runtime.make.prompts.asking import Scored
from runtime.make.prompts.bounds import corrected_interval
from runtime.make.prompts.draft import Draft
from runtime.make.prompts.plateau import plateau, race_error
from runtime.make.prompts.race import Raced, race
from runtime.make.prompts.splits import cluster_of
from runtime.stage.statistics import interval_of_mean

SEED = 17
REPEATS = 600
ROUNDS, CANDIDATES = 3, 8
SMALLEST = 0.02


class Simulated:
    """An examiner of prompts whose true scores are given; `shared` is how much of an answer all prompts share."""

    def __init__(self, truth: dict[str, float], count: int, rng: np.random.Generator, shared: float = 0.7) -> None:
        self._truth = truth
        self._rng = rng
        self._shared = shared
        self._hard = rng.random(count)
        self._answers: dict[str, Any] = {}

    def answers(self, text: str, questions: Sequence[Question]) -> list[Scored]:
        """Return right and wrong answers: a question is right if its difficulty lies below the prompt's score."""
        if text not in self._answers:
            own = self._rng.random(len(self._hard))
            keeps = self._rng.random(len(self._hard)) < self._shared
            self._answers[text] = np.where(keeps, self._hard, own) < self._truth[text]
        right = self._answers[text]
        found = (float(right[each.row["at"]]) for each in questions)
        return [Scored(text="", score=score, reason="", is_cut=False) for score in found]


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How often each interval covers the true score of the winner."""

    naive: float
    corrected: float
    report: float


def coverage(count: int, score: float, rounds: int, candidates: int, repeats: int = REPEATS) -> Coverage:
    """Return the coverage of winners among prompts that are all equally good: the worst case for the naive interval."""
    rng = np.random.default_rng(SEED)
    hits = np.zeros(3)
    questions = _questions(count)
    clusters = [cluster_of(each) for each in questions]
    for _ in range(repeats):
        texts = [f"prompt {number}" for number in range(1 + rounds * candidates)]
        examiner = Simulated(dict.fromkeys(texts, score), count, rng, shared=0.3)
        incumbent = _draft(texts[0])
        for number in range(rounds):
            rivals = [_draft(each) for each in texts[1 + number * candidates :][:candidates]]
            raced = race(incumbent, rivals, questions, examiner, race_error(rounds))  # type: ignore[arg-type]
            incumbent = raced.winner.draft
        scores = raced.winner.scores
        fresh = (rng.random(count) < score).astype(float).tolist()
        found = [
            corrected_interval(scores, clusters[: len(scores)], 1),
            corrected_interval(scores, clusters[: len(scores)], (1 + candidates) ** rounds),
            interval_of_mean(fresh, clusters),
        ]
        hits += [each.low <= score <= each.high for each in found]
    return Coverage(**dict(zip(("naive", "corrected", "report"), map(float, hits / repeats), strict=True)))


def false_plateaus(count: int, gain: float, better: int, repeats: int = REPEATS) -> tuple[float, float]:
    """Return the share of jobs that declare a plateau although candidates gain `gain`: of the test, and of P0.

    In every round `better` candidates are better than the first prompt by `gain` of all questions and lose none, the
    others are equal. P0 compares scores of the best prompts on `count` other questions.
    """
    rng = np.random.default_rng(SEED)
    wrong = by_rule = 0
    questions = _questions(count)
    for _ in range(repeats):
        base, window = 0.5, 2
        texts = [f"prompt {number}" for number in range(1 + ROUNDS * CANDIDATES)]
        truth = {text: base + gain * ((at - 1) % CANDIDATES < better) for at, text in enumerate(texts)}
        truth[texts[0]] = base
        examiner = Simulated(truth, count, rng, shared=1.0)
        incumbent, raced = _draft(texts[0]), list[Raced]()
        points = [float((rng.random(count) < base).mean())]
        declared = False
        for number in range(ROUNDS):
            rivals = [_draft(each) for each in texts[1 + number * CANDIDATES :][:CANDIDATES]]
            raced.append(race(incumbent, rivals, questions, examiner, race_error(ROUNDS)))  # type: ignore[arg-type]
            if number + 1 >= window and not declared:
                first = raced[-window]
                finalists = [one.clusters for each in raced[-window:] for one in each.finalists]
                earlier = first.incumbent.clusters
                is_false = (
                    max(truth[one.draft.text] for each in raced[-window:] for one in each.rivals)
                    - truth[first.incumbent.draft.text]
                    >= gain - 1e-9
                )
                found = plateau(earlier, finalists, rounds=ROUNDS, smallest=SMALLEST)
                declared = found.state == "reached" and is_false
            incumbent = raced[-1].winner.draft
            points.append(float((rng.random(count) < truth[incumbent.text]).mean()))
        wrong += declared
        by_rule += max(points[1:3]) - points[0] < SMALLEST
    return wrong / repeats, by_rule / repeats


def _questions(count: int) -> list[Question]:
    return [Question(row={"id": at, "at": at, "prompt": f"question {at}", "reference": ""}) for at in range(count)]


def _draft(text: str) -> Draft:
    return Draft(base=text, language="en", marker="Answer:", technique="rules")


def main() -> int:
    """Print the tables; return 1 if a promise is broken."""
    print("the true score of the winner of 3 rounds of 8 equal prompts lies in its 95 % interval")
    print(f"{'rows':>6}{'score':>7}{'naive':>8}{'corrected':>11}{'rows that chose nothing':>25}")
    found = []
    for count, score in ((60, 0.5), (60, 0.8), (200, 0.7)):
        each = coverage(count, score, ROUNDS, CANDIDATES)
        found.append(each)
        print(f"{count:>6}{score:>7}{each.naive:>8.3f}{each.corrected:>11.3f}{each.report:>25.3f}")
    print(f"\njobs that declare a plateau although prompts gain {SMALLEST} or more")
    print(f"{'rows':>6}{'gain':>7}{'better':>8}{'the test':>10}{'point values of P0':>20}")
    plateaus = []
    for count, gain, better in ((200, 0.02, 1), (200, 0.02, 8), (1000, 0.02, 1), (1000, 0.02, 8)):
        wrong, by_rule = false_plateaus(count, gain, better, REPEATS // 4)
        plateaus.append(wrong)
        print(f"{count:>6}{gain:>7}{better:>8}{wrong:>10.3f}{by_rule:>20.3f}")
    worst = min(each.corrected for each in found)
    print(f"\ncorrected: at least {worst:.3f}; naive: at most {max(each.naive for each in found):.3f}")
    print(f"false plateaus: at most {max(plateaus):.3f}")
    return int(worst < 0.94 or max(each.naive for each in found) >= 0.8 or max(plateaus) > 0.05)


if __name__ == "__main__":
    sys.exit(main())
