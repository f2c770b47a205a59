"""Sample answers of an evaluation: right, wrong, fixed and broken ones, next to the baseline's."""

import hashlib
from collections.abc import Sequence
from typing import Any

from runtime.evaluate.scored import BaselineAnswers, ScoredSet
from runtime.evaluate.spread import spread
from runtime.stage.samples import shown

MOST_SAMPLES = 8  # of a group
GROUPS = ("fixed", "broken", "right", "wrong")


def answer_samples(now: ScoredSet, before: BaselineAnswers | None) -> dict[str, dict[str, Any]]:
    """Return the groups by name, each with its `count` and sample `rows`; a group without rows is left out.

    With a baseline, `fixed` answers were wrong before and `broken` ones right. The deciding metric says which score is
    right. Answers without a score are left out.
    """
    groups: dict[str, list[int]] = {name: [] for name in GROUPS}
    passes_at = now.questions.metrics[0].passes_at
    for at, value in now.values.items():
        earlier = before.values.get(at, value) if before else value
        groups[_group(value >= passes_at, earlier >= passes_at)].append(at)
    return {
        name: {"count": len(rows), "rows": [_sample(at, now, before) for at in chosen(rows, now.questions.clusters)]}
        for name, rows in groups.items()
        if rows
    }


def chosen(rows: Sequence[int], clusters: Sequence[str], most: int = MOST_SAMPLES) -> list[int]:
    """Return at most `most` of `rows`, in order, spread over the clusters.

    The choice is by a digest of cluster and row, so it depends on the data alone.
    """
    members: dict[str, list[tuple[str, int]]] = {}
    for at in rows:
        members.setdefault(clusters[at], []).append((_digest(f"{clusters[at]} {at}"), at))
    return spread(sorted(sorted(each) for each in members.values()), most)


def _group(is_right: bool, was_right: bool) -> str:
    if is_right != was_right:
        return "fixed" if is_right else "broken"
    return "right" if is_right else "wrong"


def _sample(at: int, now: ScoredSet, before: BaselineAnswers | None) -> dict[str, Any]:
    row, name = now.questions.rows[at], now.questions.metrics[0].name
    score = now.scores[name][at]
    return {
        "id": shown(str(row["id"])),
        "cluster": shown(str(row["cluster"])) if row.get("cluster") else None,
        "question": shown(row["prompt"]),
        "reference": shown(row["reference"]),
        "before": None if before is None else shown(before.predictions[at]),
        "after": shown(now.answers[at].text),
        "score": score.value,
        "reason": shown(score.reason) if score.reason else None,
        "is_cut": now.answers[at].is_cut,
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
