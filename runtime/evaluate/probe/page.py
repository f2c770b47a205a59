"""Sample answers of a probe for its page: of prompts that are always right, right at times, and never right."""

from typing import Any

from runtime.evaluate.probe.measures import Seen
from runtime.evaluate.samples import chosen
from runtime.stage.samples import shown

MOST = 4  # of a group


def answer_groups(closed: Seen) -> dict[str, dict[str, Any]]:
    """Return the groups by name, each with its `count` and rows of sample answers."""
    groups: dict[str, list[int]] = {"right": [], "right at times": [], "wrong": []}
    for at, share in enumerate(closed.shares):
        groups["right" if share == 1 else "wrong" if share == 0 else "right at times"].append(at)
    return {
        name: {"count": len(rows), "rows": [_sample(closed, at) for at in chosen(rows, closed.clusters, MOST)]}
        for name, rows in groups.items()
        if rows
    }


def _sample(closed: Seen, at: int) -> dict[str, Any]:
    case, group = closed.family.cases[at], closed.samples[at]
    right = next((each for each in group if each.is_right), None)
    wrong = next((each for each in group if not each.is_right), None)
    both = right is not None and wrong is not None
    after = right or wrong
    assert after is not None  # a prompt has at least one sample  # noqa: S101
    row = case.question.row
    return {
        "id": shown(str(row["id"])),
        "cluster": shown(str(row["cluster"])) if row.get("cluster") else None,
        "question": shown(case.prompt),
        "reference": shown(case.question.reference),
        "before": shown(wrong.text) if both and wrong is not None else None,
        "after": shown(after.text),
        "score": sum(each.is_right for each in group) / len(group),
        "is_cut": after.is_cut,
        "reason": "",
    }
