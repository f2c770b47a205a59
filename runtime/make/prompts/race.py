"""A race of prompts over blocks of questions: who is significantly worse than the leader is dropped (CAPO's racing).

Birattari et al. 2002 and CAPO (arXiv 2504.16005) race configurations and prompts. The test here is the exact sign test
over clusters, at an error that is divided by the number of looks and of rivals, so that the best prompt is dropped with
at most that error, however often the race looks.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from runtime.contract.errors import StageError
from runtime.data.questions import Question
from runtime.make.prompts.asking import Examiner, by_cluster
from runtime.make.prompts.bounds import is_worse
from runtime.make.prompts.draft import Draft
from runtime.make.prompts.splits import cluster_of

BLOCK = 16  # questions between two looks
TOO_LONG = "RUN755"  # the prompts leave no room in the context


@dataclass(kw_only=True, slots=True)
class Runner:
    """A prompt in a race: its scores so far, in the order of the questions, and why it left, if it did.

    `clusters` has the mean score of each cluster: clusters, not rows, are independent.
    """

    draft: Draft
    scores: list[float] = field(default_factory=list)
    clusters: dict[str, float] = field(default_factory=dict)
    left: str = ""

    @property
    def mean(self) -> float:
        """The mean score so far."""
        return math.fsum(self.scores) / max(1, len(self.scores))


@dataclass(frozen=True, kw_only=True, slots=True)
class Raced:
    """A finished race over `questions`, in order. `incumbent` is in it from start to end.

    `calls` were needed, `saved` would have been needed without dropping anyone.
    """

    questions: list[Question]
    incumbent: Runner
    rivals: list[Runner]
    calls: int
    saved: int

    @property
    def finalists(self) -> list[Runner]:
        """The rivals that were never dropped, best first; of equal ones the shortest."""
        there = [each for each in self.rivals if not each.left]
        return sorted(there, key=lambda each: (-each.mean, len(each.draft.text), each.draft.text))

    @property
    def winner(self) -> Runner:
        """The best prompt: a finalist only if it is better than the incumbent."""
        best = next(iter(self.finalists), self.incumbent)
        return best if best.mean > self.incumbent.mean else self.incumbent


def race(
    incumbent: Draft, rivals: Sequence[Draft], questions: Sequence[Question], examiner: Examiner, error: float
) -> Raced:
    """Race `rivals` against the incumbent and each other; the best is dropped with at most `error`.

    A prompt that leaves no room for an answer in the model's context is dropped. `BudgetSpentError` once the budget
    does not allow the next block of a runner.
    """
    blocks = _blocks(questions)
    first, others = Runner(draft=incumbent), [Runner(draft=each) for each in rivals]
    per_look = error / max(1, len(blocks) * len(others))
    done: list[Question] = []
    calls = 0
    for block in blocks:
        there = [first, *(each for each in others if not each.left)]
        if done and len(there) == 1:
            break
        for runner in there:
            calls += _ask(runner, block, examiner)
        done += block
        there = [each for each in there if not each.left]
        leader = max(there, key=lambda each: each.mean)
        for runner in there[1:]:
            if runner is not leader and is_worse(differences(runner.clusters, leader.clusters), per_look):
                runner.left = f"worse than the leader after {len(done)} questions"
    whole = len(questions) * (1 + len([each for each in others if each.left != TOO_LONG]))
    return Raced(questions=done, incumbent=first, rivals=others, calls=calls, saved=whole - calls)


def differences(one: Mapping[str, float], other: Mapping[str, float]) -> list[float]:
    """Return the differences of the clusters that both have."""
    return [score - other[name] for name, score in one.items() if name in other]


def _ask(runner: Runner, block: Sequence[Question], examiner: Examiner) -> int:
    try:
        scores = [each.score for each in examiner.answers(runner.draft.text, block)]
    except StageError as error:
        if error.problem.code != TOO_LONG or runner.draft.technique == "zero-shot":
            raise
        runner.left = TOO_LONG
        return 0
    runner.scores += scores
    runner.clusters |= by_cluster(scores, block)
    return len(block)


def _blocks(questions: Sequence[Question]) -> list[list[Question]]:
    """Return the questions in blocks; a cluster is never in two."""
    groups: dict[str, list[Question]] = {}
    for each in questions:
        groups.setdefault(cluster_of(each), []).append(each)
    blocks: list[list[Question]] = [[]]
    for group in groups.values():
        if len(blocks[-1]) >= BLOCK:
            blocks.append([])
        blocks[-1] += group
    return blocks
