"""The rounds of prompt work: propose, race, measure; until a plateau, the last round, or the end of the budget."""

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from runtime.contract.prompting import PromptWork
from runtime.make.prompts.asking import Examiner, Ledger, Scored
from runtime.make.prompts.candidates import Reflect, candidates
from runtime.make.prompts.draft import Draft, Technique
from runtime.make.prompts.plateau import Plateau, plateau, race_error
from runtime.make.prompts.race import Raced, race
from runtime.make.prompts.splits import Splits
from runtime.model.answering.paid import BudgetSpentError
from runtime.stage.events import EventStream

Ending = Literal["plateau", "rounds", "budget", "no candidates", "perfect"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """A measured round: the best prompt after it, with its answers to the rows that report.

    `technique` is that of the round's best candidate, whether it won or not.
    """

    name: str
    technique: Technique
    draft: Draft
    answers: list[Scored]
    raced: Raced | None = None
    plateau: Plateau | None = None

    @property
    def score(self) -> float:
        """The mean score of the answers."""
        return math.fsum(each.score for each in self.answers) / len(self.answers)


@dataclass(kw_only=True, slots=True)
class Work:
    """The measured rounds so far, and why they ended; `spent` is the message of a spent budget.

    `choices` counts the prompts that the rows that choose could have made the winner, whatever they had said: each
    round's candidates were written for one of all possible winners of the rounds before.
    """

    rounds: list[Round] = field(default_factory=list)
    ending: Ending = "rounds"
    spent: str = ""
    choices: int = 1
    calls: int = 0
    saved: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """What the rounds work with: scored answers, their count, progress, and the reflection model if there is one."""

    examiner: Examiner
    ledger: Ledger
    events: EventStream
    reflect: Reflect | None = None


def run_rounds(start: Draft, splits: Splits, work: PromptWork, tools: Tools) -> Work:
    """Return the measured rounds, the first of which is the current prompt.

    `BudgetSpentError` only if the budget does not cover that one.
    """
    tools.events.emit("phase", name="measure the current prompt")
    done = Work(rounds=[_measured("current", start, start.technique, splits, tools.examiner)])
    known = {start.text}
    try:
        for number in range(1, work.max_rounds + 1):
            tools.ledger.reserved = len(splits.report)
            if not _round(number, done, splits, work, known, tools):
                done.ending = "no candidates"
                break
            last = done.rounds[-1].plateau
            if last is not None and last.state == "reached":
                done.ending = "plateau"
                break
            raced = done.rounds[-1].raced
            if raced is not None and raced.winner.mean >= 1:
                done.ending = "perfect"
                break
    except BudgetSpentError as error:
        done.ending, done.spent = "budget", str(error)
    return done


def _round(number: int, done: Work, splits: Splits, work: PromptWork, known: set[str], tools: Tools) -> bool:
    """Add a round to `done`; return False without a new candidate. `known` are the texts that were tried."""
    examiner, events = tools.examiner, tools.events
    events.emit("phase", name=f"round {number}: write candidates")
    incumbent = done.rounds[-1].draft
    answers = examiner.answers(incumbent.text, splits.propose)
    failing = [each for each, scored in zip(splits.propose, answers, strict=True) if scored.score < 1]
    pool = candidates(incumbent, splits.propose, failing, work, known, tools.reflect)
    if not pool:
        return False
    events.emit("phase", name=f"round {number}: race {len(pool)} candidates")
    raced = race(incumbent, pool, splits.select, examiner, race_error(work.max_rounds))
    done.choices *= 1 + len(pool)
    done.calls, done.saved = done.calls + raced.calls, done.saved + raced.saved
    best = raced.winner if raced.winner is not raced.incumbent else next(iter(raced.finalists), raced.rivals[0])
    tools.ledger.reserved = 0
    events.emit("phase", name=f"round {number}: measure the best prompt")
    made = _measured(f"round-{number}", raced.winner.draft, best.draft.technique, splits, examiner, raced)
    done.rounds.append(made)
    done.rounds[-1] = _with_plateau(done.rounds, work)
    return True


def _measured(
    name: str, draft: Draft, technique: Technique, splits: Splits, examiner: Examiner, raced: Raced | None = None
) -> Round:
    answers = examiner.answers(draft.text, splits.report)
    return Round(name=name, technique=technique, draft=draft, answers=answers, raced=raced)


def _with_plateau(rounds: list[Round], work: PromptWork) -> Round:
    """Return the last round with its verdict, if there are as many rounds as a plateau needs."""
    last = rounds[-1]
    window = [each.raced for each in rounds[-work.plateau_rounds :] if each.raced is not None]
    if len(window) < work.plateau_rounds:
        return last
    earlier = window[0].incumbent.clusters
    finalists = [runner.clusters for raced in window for runner in raced.finalists]
    verdict = plateau(earlier, finalists, rounds=work.max_rounds, smallest=work.plateau_min_gain)
    return replace(last, plateau=verdict)
