"""Decisions as JSON, with the same keys in every version: `docs/explain.md` describes them."""

import json
from collections.abc import Sequence
from typing import Any

from compiler.explain.cost import cost_of
from compiler.pipeline.phases import Decided
from compiler.selection.facts import Facts
from compiler.selection.gather import facts_of
from compiler.selection.sensitivity.decision import Decision, decision_of
from compiler.selection.sensitivity.flips import flips
from compiler.selection.sensitivity.next_measurement import next_measurement
from compiler.spec.schema.types import GapKind


def as_json(decided: Sequence[Decided]) -> str:
    """Return decisions as one JSON document."""
    return json.dumps({"decisions": [decision(each) for each in decided]}, ensure_ascii=False, indent=2)


def decision(decided: Decided) -> dict[str, Any]:
    """Return one decision as plain data."""
    facts = facts_of(decided.inputs)
    return {
        "name": decided.inputs.spec.metadata.name,
        **_decision(decision_of(facts)),
        "complete": decided.plan is not None,
        "gaps": [_gap(kind, decided, facts) for kind in GapKind if _is_known(kind, decided, facts)],
        "stages": _stages(decided),
        "cost": _cost(decided),
        "flips": [
            {
                "figure": each.lever.name,
                "file": each.lever.source,
                "from": each.lever.now,
                "to": each.value,
                **_decision(each.after),
                "sentence": each.sentence,
            }
            for each in flips(decided.inputs)
        ],
        "measureNext": _measure_next(decided),
        "advice": [{"rule": rule, "text": text} for rule, text in decided.selection.advice],
        "rules": [
            {
                "id": each.rule.id,
                "title": each.rule.title,
                "status": str(each.finding.status),
                "reason": each.finding.reason,
                "evidence": [{"source": item.source, "value": item.value} for item in each.finding.evidence],
            }
            for each in decided.selection.trace
        ],
    }


def _decision(made: Decision) -> dict[str, Any]:
    return {"phase": str(made.phase), "methods": list(made.methods)}


def _is_known(kind: GapKind, decided: Decided, facts: Facts) -> bool:
    return kind in decided.selection.gaps or any(each.kind is kind for each in facts.declared)


def _gap(kind: GapKind, decided: Decided, facts: Facts) -> dict[str, Any]:
    reading = facts.readings.get(kind)
    return {
        "kind": str(kind),
        "counts": kind in decided.selection.gaps,
        "declared": any(each.kind is kind for each in facts.declared),
        "measured": str(reading.verdict) if reading else None,
    }


def _stages(decided: Decided) -> list[dict[str, Any]]:
    stages = decided.plan.stages if decided.plan else ()
    return [
        {
            "order": each.order,
            "name": each.name,
            "method": each.method,
            "job": each.job,
            "rules": list(each.rules),
            "finished": each.finished,
        }
        for each in stages
    ]


def _cost(decided: Decided) -> dict[str, Any] | None:
    if decided.plan is None:
        return None
    made = cost_of(decided.plan)
    return {
        "jobs": made.jobs,
        "deadlineMinutes": made.deadline_minutes,
        "gpuHours": round(made.gpu_hours, 2),
        "worstCostUsd": None if made.usd is None else round(made.usd, 2),
        "maxTrainingCostUsd": made.cap_usd,
    }


def _measure_next(decided: Decided) -> dict[str, Any] | None:
    found = next_measurement(decided.inputs)
    if found is None:
        return None
    return {
        "what": found.purchase.what,
        "cost": found.purchase.cost,
        "samples": found.purchase.samples,
        "outcomes": [{"outcome": words, **_decision(after)} for words, after in found.outcomes],
        "sentence": found.sentence,
    }
