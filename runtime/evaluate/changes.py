"""What an evaluation finds beside its score: which answers broke, which badcases are fixed, what a chain is worth."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from runtime.evaluate.question_sets import class_of
from runtime.evaluate.scored import Answered, Earlier
from runtime.stage.statistics import Interval, exact_p, interval_of_gain, interval_of_mean

BROKEN_FILE = "broken.jsonl"
# broken answers in metrics.json: so many by their ids, and so many with their texts; the file has them all
_NAMED, _SHOWN = 100, 10
_SHOWN_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """The rows that were right in the baseline and are wrong now, and how many it was the other way round with."""

    rows: list[dict[str, Any]]
    fixed: int

    @property
    def lines(self) -> str:
        """One JSON object a broken row."""
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in self.rows)

    @property
    def figures(self) -> dict[str, Any]:
        """The counts, the first ids, and the first rows with long texts cut."""
        first = [{name: _cut(value) for name, value in row.items()} for row in self.rows[:_SHOWN]]
        return {
            "count": len(self.rows),
            "fixed": self.fixed,
            "ids": [row["id"] for row in self.rows[:_NAMED]],
            "first": first,
        }


def broken_of(now: Answered, before: Earlier) -> Broken:
    """Compare the answers to the held-out rows with the baseline's, by the metric that decides."""
    pairs = list(zip(now.values, before.values, strict=True))
    reasons = now.scores[now.asked.metrics[0].name]
    rows = [
        {
            "id": now.asked.rows[at]["id"],
            "cluster": now.asked.rows[at].get("cluster"),
            "reference": now.asked.rows[at]["reference"],
            "before": before.predictions[at],
            "after": now.answers[at].text,
            "reason": reasons[at].reason,
        }
        for at, (new, old) in enumerate(pairs)
        if new < old
    ]
    return Broken(rows=rows, fixed=sum(new > old for new, old in pairs))


def fix_rates(now: Answered, before: Sequence[float] | None) -> dict[str, Any]:
    """How many badcases are answered right now: of all that were asked, and of each class, with intervals."""
    clusters, values = now.asked.clusters, now.values
    classes: dict[str, list[int]] = {}
    for index, row in enumerate(now.asked.rows):
        classes.setdefault(class_of(row), []).append(index)
    return {
        "metric": now.asked.metrics[0].name,
        "unjudged": now.asked.unjudged,
        **_rate(values, clusters, range(len(values))),
        "classes": {name: _rate(values, clusters, members) for name, members in sorted(classes.items())},
        "gain": None if before is None else asdict(interval_of_gain(values, before, clusters)),
    }


def chain_worth(chain: Answered, direct: Answered) -> dict[str, Any]:
    """Compare answers behind a chain with answers given at once: scores, McNemar's exact p, and tokens an answer.

    `p` takes rows as independent, the interval of `gain` takes clusters so. Tokens of the forced marker do not count.
    """
    clusters, pairs = chain.asked.clusters, list(zip(chain.values, direct.values, strict=True))
    better, worse = sum(one > other for one, other in pairs), sum(one < other for one, other in pairs)
    name = chain.asked.metrics[0].name
    tokens = [_mean([answer.tokens for answer in each.answers]) for each in (chain, direct)]
    return {
        "metric": name,
        "with_chain": asdict(chain.intervals[name]),
        "without_chain": asdict(direct.intervals[name]),
        "gain": asdict(interval_of_gain(chain.values, direct.values, clusters)),
        "only_with": better,
        "only_without": worse,
        "p": float(exact_p(better, worse)),
        "tokens": {"with_chain": tokens[0], "without_chain": tokens[1]},
    }


def _rate(values: Sequence[float], clusters: Sequence[str], members: Sequence[int]) -> dict[str, Any]:
    found: Interval = interval_of_mean([values[at] for at in members], [clusters[at] for at in members])
    return {"fixed": sum(values[at] == 1 for at in members), **asdict(found)}


def _mean(values: Sequence[int]) -> float:
    return round(sum(values) / len(values), 4)


def _cut(value: Any) -> Any:
    is_long = isinstance(value, str) and len(value) > _SHOWN_CHARACTERS
    return f"{value[:_SHOWN_CHARACTERS]}…" if is_long else value
