"""The report of an augmentation: what was read, known, written and dropped."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from runtime.contract.augmentation import AugmentStage
from runtime.make.augment.chunks import Chunk, language_of
from runtime.make.augment.graph import Knowledge
from runtime.make.augment.models import Models
from runtime.make.augment.writing import Rows

UNKNOWN = 0.6931471805599453  # log 2: the loss of a guess
LEAST_ANSWERABLE = 0.5  # share of the pairs below which the writer is too weak to be trusted
LEAST_READ = 0.5  # share of the passages with a fact


def report_of(
    stage: AugmentStage,
    *,
    chunks: Sequence[Chunk],
    read: int,
    empty: int,
    knowledge: Knowledge,
    losses: Mapping[int, float],
    rows: Rows,
    models: Models,
) -> dict[str, Any]:
    """Return the report; `read` passages were read, of which `empty` gave no fact."""
    assessed = sorted(losses.values())
    share = rows.agreed / rows.answered if rows.answered else None
    report: dict[str, Any] = {
        "writer": models.writer_path,
        "license": None if stage.teacher is None else stage.teacher.license,
        "rows": len(rows.kept),
        "kinds": _counts(each.unit.kind for each in rows.kept),
        "languages": _counts(language_of(each.question) for each in rows.kept),
        "passages": {"all": len(chunks), "read": read, "without_fact": empty},
        "graph": {
            "entities": knowledge.graph.number_of_nodes(),
            "facts": len(knowledge.facts),
            "ungrounded": knowledge.ungrounded,
        },
        "knowledge": {
            "assessed": len(assessed),
            "unknown": sum(loss >= UNKNOWN for loss in assessed),
            "mean_loss": round(sum(assessed) / len(assessed), 4) if assessed else None,
        },
        "written": rows.written,
        "answered_again": rows.answered,
        "answerable": None if share is None else round(share, 4),
        "dropped": dict(sorted((+rows.dropped).items())),
        "leaked": dict(sorted(rows.leaks.items())) if stage.held_out else None,
        "characters": {
            "question": _percentiles([len(each.question) for each in rows.kept]),
            "answer": _percentiles([len(each.answer) for each in rows.kept]),
        },
        "calls": models.allowance.made,
        "replies": {role: dict(sorted(each.counts.items())) for role, each in models.askers.items()},
        "asked_again": sum(each.retries for each in models.askers.values()),
        "usd": round(models.usd, 4),
        "stopped": models.allowance.why or None,
    }
    return {**report, "warnings": list(_warnings(report))}


def _warnings(report: Mapping[str, Any]) -> "list[str]":
    found = []
    passages, share = report["passages"], report["answerable"]
    if report["stopped"]:
        found.append(f"{report['stopped']}: the rows are those so far; raise the budget for more")
    if passages["read"] < passages["all"]:
        found.append(f"{passages['read']} of {passages['all']} passages were read; raise the budget to read all")
    if passages["without_fact"] > (1 - LEAST_READ) * passages["read"]:
        found.append(f"{passages['without_fact']} of {passages['read']} passages gave no fact; use a stronger writer")
    if share is not None and share < LEAST_ANSWERABLE:
        found.append(f"only {share:.0%} of the answers were found again in their passages; use a stronger writer")
    if report["leaked"] is None:
        found.append("no evaluation was there to compare with; compile checks the rows against later ones")
    return found


def _counts(values: Any) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _percentiles(lengths: list[int]) -> dict[str, int] | None:
    """Return the nearest-rank percentiles of lengths; None without any."""
    ordered = sorted(lengths)
    if not ordered:
        return None
    return {f"p{percent}": ordered[-(-len(ordered) * percent // 100) - 1] for percent in (50, 90)} | {
        "most": ordered[-1]
    }
