"""The three splits: rows to write candidates from, rows to choose by, and rows that report."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runtime.contract.errors import StageError
from runtime.contract.prompting import PromptWork
from runtime.data.questions import Question
from runtime.make.prompts.draft import shown_question

PROPOSE_OF = (2, 5)  # two clusters in five propose, the others choose
FEWEST = 4  # clusters of each split, below which nothing can be said
FEW = 30  # clusters that a choice should rest on


@dataclass(frozen=True, kw_only=True, slots=True)
class Splits:
    """Questions by their use; no cluster and no prompt is in two of them. `dropped` counts rows that would be."""

    propose: list[Question]
    select: list[Question]
    report: list[Question]
    dropped: int

    @property
    def warnings(self) -> list[str]:
        """What the size of the splits does not allow to say, as sentences without a full stop."""
        clusters = {name: len({cluster_of(each) for each in getattr(self, name)}) for name in ("select", "report")}
        words = {"select": "the choice of the winner", "report": "the score of the winner"}
        return [
            f"{words[name]} rests on {count} independent questions" for name, count in clusters.items() if count < FEW
        ]


def cluster_of(question: Question) -> str:
    """Return the cluster of a row; a row without one is alone with the rows of the same question."""
    cluster = question.row.get("cluster")
    return f"cluster {cluster}" if cluster else f"row {' '.join(shown_question(question.prompt).split())}"


def split(others: Sequence[Question], report: Sequence[Question], work: PromptWork, seed: int) -> Splits:
    """Split the rows by cluster, evenly over the kinds of badcases; RUN775 if a split would be too small.

    The split depends on the seed and the content of the rows, not on their order.
    """
    kept_report = _sample(report, work.report_rows, seed)
    clusters = {cluster_of(each) for each in report}
    prompts = {_plain(each) for each in report}
    free = [each for each in others if cluster_of(each) not in clusters and _plain(each) not in prompts]
    groups: dict[str, list[Question]] = {}
    for each in free:
        groups.setdefault(cluster_of(each), []).append(each)
    order = sorted(groups, key=lambda name: (kind_of(groups[name][0]), _digest(seed, name)))
    share, of = PROPOSE_OF
    proposing = {name for at, name in enumerate(order) if at % of < share}
    made = Splits(
        propose=_sample([each for each in free if cluster_of(each) in proposing], work.propose_rows, seed),
        select=_sample([each for each in free if cluster_of(each) not in proposing], work.select_rows, seed),
        report=kept_report,
        dropped=len(others) - len(free),
    )
    counts = [len({cluster_of(each) for each in part}) for part in (made.propose, made.select, made.report)]
    if min(counts) < FEWEST:
        message = (
            f"the rows give {counts[0]} independent questions to write prompts from, {counts[1]} to choose by and "
            f"{counts[2]} to report on, but each needs {FEWEST}"
        )
        hint = "add badcases or demonstrations, and held-out rows that are not among them"
        raise StageError("RUN775", message, hint)
    return made


def kind_of(question: Question) -> str:
    """Return the label of a badcase: its kind, or its class; empty for other rows."""
    return str(question.row.get("kind") or question.row.get("class") or "")


def of_kinds(questions: Sequence[Question], kinds: Sequence[str]) -> list[Question]:
    """Return the badcases of some kinds or classes; all questions if there is none, or no kind is named."""
    named = [each for each in questions if {each.row.get("kind"), each.row.get("class")} & set(kinds)]
    return named or list(questions)


def ordered(questions: Sequence[Question], key: Callable[[Question], str]) -> list[Question]:
    """Return the questions in the order of the digest of `key`, which the order of the rows does not change."""
    return sorted(questions, key=lambda each: hashlib.sha256(key(each).encode("utf-8", "surrogatepass")).hexdigest())


def _sample(questions: Sequence[Question], most: int, seed: int) -> list[Question]:
    return ordered(questions, lambda each: f"{seed} {_plain(each)}")[:most]


def _plain(question: Question) -> str:
    return " ".join(shown_question(question.prompt).split())


def _digest(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed} {name}".encode("utf-8", "surrogatepass")).hexdigest()
