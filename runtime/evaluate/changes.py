"""Changes since the baseline: broken answers, fixed badcases, and the effect of a chain."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from runtime.evaluate.question_sets import class_of
from runtime.evaluate.scored import BaselineAnswers, ScoredSet
from runtime.stage.statistics import Interval, exact_p, interval_of_gain, interval_of_mean

BROKEN_FILE = "broken.jsonl"
# Broken answers in metrics.json: the ids of the first 100, the texts of the first 10. The file has all of them.
_MAX_IDS, _MAX_ROWS = 100, 10
_MAX_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """The rows that were right in the baseline and are wrong now; `fixed` counts the opposite.

    An answer is right from the metric's `passes_at` on.
    """

    rows: list[dict[str, Any]]
    fixed: int

    @property
    def lines(self) -> str:
        """The broken rows as JSON lines."""
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in self.rows)

    @property
    def figures(self) -> dict[str, Any]:
        """The counts, the first ids, and the first rows with long texts cut."""
        first = [{name: _cut(value) for name, value in row.items()} for row in self.rows[:_MAX_ROWS]]
        return {
            "count": len(self.rows),
            "fixed": self.fixed,
            "ids": [row["id"] for row in self.rows[:_MAX_IDS]],
            "first": first,
        }


def broken_of(now: ScoredSet, before: BaselineAnswers) -> Broken:
    """Compare the answers to the held-out rows with the baseline's, by the deciding metric."""
    passes_at = now.questions.metrics[0].passes_at
    scores = _pairs(now.values, before.values)
    pairs = {at: (new >= passes_at, old >= passes_at) for at, (new, old) in scores.items()}
    reasons = now.scores[now.questions.metrics[0].name]
    rows = [
        {
            "id": now.questions.rows[at]["id"],
            "cluster": now.questions.rows[at].get("cluster"),
            "reference": now.questions.rows[at]["reference"],
            "before": before.predictions[at],
            "after": now.answers[at].text,
            "reason": reasons[at].reason,
        }
        for at, (new, old) in pairs.items()
        if new < old
    ]
    return Broken(rows=rows, fixed=sum(new > old for new, old in pairs.values()))


def fix_rates(now: ScoredSet, before: Mapping[int, float] | None) -> dict[str, Any]:
    """Return the fix rates of badcases, over all and per class, with intervals."""
    clusters, values, passes_at = now.questions.clusters, now.values, now.questions.metrics[0].passes_at
    classes: dict[str, list[int]] = {}
    for index in values:
        classes.setdefault(class_of(now.questions.rows[index]), []).append(index)
    return {
        "metric": now.questions.metrics[0].name,
        "unjudged": now.questions.unjudged,
        **_rate(values, clusters, list(values), passes_at),
        "classes": {name: _rate(values, clusters, members, passes_at) for name, members in sorted(classes.items())},
        "gain": None if before is None else asdict(_gain(values, before, clusters)),
    }


def chain_worth(chain: ScoredSet, direct: ScoredSet) -> dict[str, Any]:
    """Compare answers after a chain with direct answers: scores, exact p, and tokens.

    `p` is McNemar's and assumes independent rows; the interval of `gain` assumes independent clusters. The tokens
    exclude the forced marker.
    """
    clusters, pairs = chain.questions.clusters, _pairs(chain.values, direct.values).values()
    better, worse = sum(one > other for one, other in pairs), sum(one < other for one, other in pairs)
    name = chain.questions.metrics[0].name
    tokens = [_mean([answer.tokens for answer in each.answers]) for each in (chain, direct)]
    return {
        "metric": name,
        "with_chain": asdict(chain.intervals[name]),
        "without_chain": asdict(direct.intervals[name]),
        "gain": asdict(_gain(chain.values, direct.values, clusters)),
        "only_with": better,
        "only_without": worse,
        "p": float(exact_p(better, worse)),
        "tokens": {"with_chain": tokens[0], "without_chain": tokens[1]},
    }


def _pairs(new: Mapping[int, float], old: Mapping[int, float]) -> dict[int, tuple[float, float]]:
    """Return both scores of each row that has both."""
    return {at: (value, old[at]) for at, value in new.items() if at in old}


def _gain(new: Mapping[int, float], old: Mapping[int, float], clusters: Sequence[str]) -> Interval:
    pairs = _pairs(new, old)
    after, before = zip(*pairs.values(), strict=True)
    return interval_of_gain(after, before, [clusters[at] for at in pairs])


def _rate(
    values: Mapping[int, float], clusters: Sequence[str], members: Sequence[int], passes_at: float
) -> dict[str, Any]:
    found: Interval = interval_of_mean([values[at] for at in members], [clusters[at] for at in members])
    return {"fixed": sum(values[at] >= passes_at for at in members), **asdict(found)}


def _mean(values: Sequence[int]) -> float:
    return round(sum(values) / len(values), 4)


def _cut(value: Any) -> Any:
    is_long = isinstance(value, str) and len(value) > _MAX_CHARACTERS
    return f"{value[:_MAX_CHARACTERS]}…" if is_long else value
