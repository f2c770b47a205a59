"""How well a reward model agrees with people: held-out pairs, and what is told of the scores on them."""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from runtime.contract.errors import StageError
from runtime.data.formats import Row
from runtime.stage.gate import Decision
from runtime.stage.statistics import Interval, interval_of_mean

CHANCE = 0.5
MAX_GROUPS = 20  # of a table: the largest groups are shown


def hold_out(rows: Sequence[Row], share: float, seed: int) -> tuple[list[Row], list[Row]]:
    """Return the pairs to train on and the held-out ones: whole groups, until they are at least `share` of all.

    Pairs of one `cluster`, or of one prompt where a row names none, are a group and are not parted. Groups are taken
    in the order of a digest, so that the split depends on them and the seed alone. RUN728 if either part is empty.
    """
    names = sorted({group_of(row) for row in rows}, key=lambda name: _digest(name, seed))
    size = dict.fromkeys(names, 0)
    for row in rows:
        size[group_of(row)] += 1
    wanted, taken, held = math.ceil(share * len(rows)), 0, set()
    for name in names:
        if taken >= wanted:
            break
        held.add(name)
        taken += size[name]
    train = [row for row in rows if group_of(row) not in held]
    if not train or not held:
        message = f"{len(rows)} pairs of {len(names)} groups cannot be parted: one group would be all that is held out"
        raise StageError("RUN728", message, "add pairs of other prompts, or give rows a `cluster` of their own")
    return train, [row for row in rows if group_of(row) in held]


def group_of(row: Row) -> str:
    """The name of the group that a pair belongs to."""
    # The prefixes keep a prompt apart from a cluster that has its text as its name.
    if row.get("cluster"):
        return f"cluster {row['cluster']}"
    return f"prompt {json.dumps(row['prompt'], ensure_ascii=False, sort_keys=True)}"


def agreement(rows: Sequence[Row], chosen: Sequence[float], rejected: Sequence[float]) -> tuple[Interval, Row]:
    """Return the pairwise accuracy with its interval, and the report, for pairs and the scores of their answers.

    A pair is right where the chosen answer has the higher score; a tie counts one half. Lengths are in characters. A
    model that has learnt length shows it in `length`: a correlation of the margin with the difference in length near
    1, and an accuracy where the chosen answer is the shorter one below the rest.
    """
    margins = [high - low for high, low in zip(chosen, rejected, strict=True)]
    right = [float(margin > 0) if margin else CHANCE for margin in margins]
    longer = [len(_text(row["chosen"])) - len(_text(row["rejected"])) for row in rows]
    accuracy = interval_of_mean(right, [group_of(row) for row in rows])
    report = {
        "pairs": len(rows),
        "groups": len({group_of(row) for row in rows}),
        "mean_margin": _rounded(math.fsum(margins) / len(margins)),
        "ties": _rounded(sum(not margin for margin in margins) / len(margins)),
        "length": {
            "margin_correlation": _correlation(margins, longer),
            "chosen_is_longer": _share(right, [each > 0 for each in longer]),
            "chosen_is_shorter": _share(right, [each < 0 for each in longer]),
            "longer_answer_wins": _rounded(
                sum(float(each > 0) if each else CHANCE for each in longer) / len(longer)
            ),  # what a scorer of length alone would reach
        },
        "by_class": _table(rows, right, lambda row: row.get("class")),
        "by_cluster": _table(rows, right, lambda row: row.get("cluster")),
    }
    return accuracy, report


def verdict(accuracy: Interval) -> Decision:
    """Go on only if the whole interval of the pairwise accuracy is above chance: else no policy is trained by it."""
    shown = f"{accuracy.value:.3f} (95 % interval {accuracy.low:.3f} to {accuracy.high:.3f}, {accuracy.n} pairs)"
    if accuracy.low > CHANCE:
        reason = f"the reward model agrees with held-out pairs: {shown}"
        return Decision(verdict="continue", reason=reason, gain=None)
    reason = f"the reward model may do no better than chance on held-out pairs: {shown}; no policy is trained by it"
    return Decision(verdict="no-gain", reason=reason, gain=None)


def _table(rows: Sequence[Row], right: Sequence[float], name_of: Callable[[Row], Any]) -> Row:
    """The accuracy of each group, the largest groups first; empty where no row names one."""
    names = [name_of(row) for row in rows]
    counts = {name: names.count(name) for name in sorted({each for each in names if each})}
    shown = sorted(counts, key=lambda name: (-counts[name], name))[:MAX_GROUPS]
    return {name: _share(right, [each == name for each in names]) for name in shown}


def _share(right: Sequence[float], chosen: Sequence[bool]) -> Row:
    values = [value for value, is_in in zip(right, chosen, strict=True) if is_in]
    return {"pairs": len(values), "accuracy": _rounded(math.fsum(values) / len(values)) if values else None}


def _correlation(margins: Sequence[float], lengths: Sequence[int]) -> float | None:
    """Pearson's correlation, or None where one of the two does not vary."""
    if len(set(margins)) < 2 or len(set(lengths)) < 2:
        return None
    return _rounded(float(np.corrcoef(margins, lengths)[0, 1]))


def _digest(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed} {name}".encode()).hexdigest()


def _text(answer: str | list[dict[str, str]]) -> str:
    return answer if isinstance(answer, str) else "\n".join(turn["content"] for turn in answer)


def _rounded(value: float) -> float:
    return round(value, 6)
