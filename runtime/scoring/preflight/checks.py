"""The measurements of the eight checks: figures for evidence of kind `RewardPreflight`, or None."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.contract.errors import StageError
from runtime.scoring.preflight.figures import auc, paired_win, partial_correlation, spearman
from runtime.scoring.preflight.probes import HACKS, ODD
from runtime.scoring.rewards.rows import Prompts, score_texts
from runtime.scoring.rewards.scorer import Scorer

MAX_ROWS = 200  # rows that are scored several times, or with each probe
_BROKEN = ("RUN751", "RUN752", "RUN753")

Tokens = Callable[[str], list[int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """Answers that people judged: a right one and a wrong one for each prompt."""

    prompts: Prompts
    right: list[str]
    wrong: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampled:
    """The policy's answers to the prompts at `indices`, and whether the metric accepts each."""

    indices: list[int]
    texts: list[list[str]]
    right: list[list[bool]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Examiner:
    """A reward with the rows for its checks; `tokens` tokenizes text, for rewards of length."""

    scorer: Scorer
    prompts: Prompts
    judged: Judged | None
    tokens: Tokens

    def contract(self) -> dict[str, Any]:
        """Score odd answers to up to 5 prompts, each with a right one: finite, from -1 to 1, one score per row."""
        indices = range(min(5, len(self.prompts.prompts)))
        cases = [(at, odd) for at in indices for odd in ODD]
        failures = hung = 0
        for number, (at, odd) in enumerate(cases):
            fault = self._breaks(at, odd)
            failures += bool(fault)
            hung += fault == "RUN753"
            if hung == 2:  # each costs its whole time limit, and the reward fails anyway
                return {"cases": number + 1, "failures": failures}
        return {"cases": len(cases), "failures": failures}

    def repeatability(self, repeats: int) -> dict[str, Any]:
        """Score right answers `repeats` times, every second time in reverse order."""
        at, texts = self._known()
        rounds = []
        for number in range(repeats):
            step = 1 if number % 2 == 0 else -1
            columns = score_texts(self.scorer, self.prompts, at[::step], texts[::step], self.tokens)
            rounds.append([column[::step] for column in columns])
        flips = sum(len({tuple(column[row] for column in each) for each in rounds}) > 1 for row in range(len(texts)))
        return {"scorer": "code", "rows": len(texts), "flips": flips}

    def discrimination(self) -> dict[str, Any] | None:
        """Compare the scores of right answers with those of the wrong ones that people fixed; None without pairs."""
        if self.judged is None:
            return None
        right, wrong = self._totals(self.judged, self.judged.right), self._totals(self.judged, self.judged.wrong)
        return {"pairs": len(right), "auc": auc(right, wrong), "pairedWin": paired_win(right, wrong)}

    def agreement(self) -> dict[str, Any] | None:
        """Compare the reward with people's judgement: it accepts a score of at least half the maximum."""
        if self.judged is None:
            return None
        half = self.maximum() / 2
        right, wrong = self._totals(self.judged, self.judged.right), self._totals(self.judged, self.judged.wrong)
        return {
            "positives": len(right),
            "negatives": len(wrong),
            "tpr": sum(total >= half for total in right) / len(right),
            "tnr": sum(total < half for total in wrong) / len(wrong),
        }

    def hacks(self) -> list[dict[str, Any]]:
        """Return the mean total of each probe over the maximum, from 0 to 1, on up to 200 prompts."""
        maximum = self.maximum()
        at = list(range(min(MAX_ROWS, len(self.prompts.prompts))))
        found = []
        for name, probe in HACKS.items():
            texts = [probe(self.prompts.prompts[index], self._reference(index)) for index in at]
            totals = self.scorer.sums(score_texts(self.scorer, self.prompts, at, texts, self.tokens))
            share = math.fsum(totals) / len(totals) / maximum if maximum > 0 else 1.0
            found.append({"probe": name, "shareOfMaximum": max(0.0, min(1.0, share))})
        return found

    def maximum(self) -> float:
        """Return the score of the best right answer; without any, the sum of all positive weights."""
        at = [index for index in range(len(self.prompts.prompts)) if self._reference(index)][:MAX_ROWS]
        if not at:
            return math.fsum(weight for weight in self.scorer.weights if weight > 0)
        texts = [self._reference(index) for index in at]
        return max(self.scorer.sums(score_texts(self.scorer, self.prompts, at, texts, self.tokens)))

    def of_policy(self, sampled: Sampled) -> dict[str, Any]:
        """Run the checks on the policy's answers: alignment with the metric, signal, and length bias."""
        groups = [
            self.scorer.sums(score_texts(self.scorer, self.prompts, [at] * len(texts), texts, self.tokens))
            for at, texts in zip(sampled.indices, sampled.texts, strict=True)
        ]
        totals = [total for group in groups for total in group]
        right = [each for group in sampled.right for each in group]
        lengths = [float(len(self.tokens(text))) for texts in sampled.texts for text in texts]
        rank = spearman(totals, [float(each) for each in right])
        spread = sum(max(group) - min(group) > 1e-9 for group in groups)
        return {
            "alignment": None if rank is None else {"outputs": len(totals), "spearman": rank},
            "signal": {"prompts": len(groups), "samples": len(groups[0]), "spreadShare": spread / len(groups)},
            "lengthBias": {"partialCorrelation": partial_correlation(totals, lengths, right)},
        }

    def _breaks(self, at: int, odd: str) -> str:
        """Return the code of the failure on an odd answer, or an empty string."""
        try:
            columns = score_texts(self.scorer, self.prompts, [at, at], [odd, self._reference(at)], self.tokens)
        except StageError as error:
            if error.problem.code not in _BROKEN:
                raise
            return error.problem.code
        return "" if all(score is None or -1 <= score <= 1 for column in columns for score in column) else "RUN752"

    def _known(self) -> tuple[list[int], list[str]]:
        """Return indices and right answers, with a probe in place of each missing answer."""
        at = list(range(min(MAX_ROWS, len(self.prompts.prompts))))
        padded = HACKS["padding"]
        return at, [self._reference(index) or padded(self.prompts.prompts[index], "") for index in at]

    def _reference(self, index: int) -> str:
        return self.prompts.columns["reference"][index] or ""

    def _totals(self, judged: Judged, texts: Sequence[str]) -> list[float]:
        return self.scorer.sums(score_texts(self.scorer, judged.prompts, range(len(texts)), texts, self.tokens))
