"""Examples of TRC801 to TRC819: an export of Langfuse with each loss, and the same export without it."""

import json
from typing import Any

from compiler.diagnostics.examples.example import Example, Situation

FILE = "observations.jsonl"
IMPORT = f"trainspec import {FILE} --to traces.jsonl"
_CALL: dict[str, Any] = {
    "id": "o1",
    "trace_id": "t1",
    "type": "GENERATION",
    "start_time": "2026-05-04 09:00:00.000000",
    "end_time": "2026-05-04 09:00:01.500000",
    "name": "answer",
    "input": "Where is the office?",
    "output": "In Bern.",
    "provided_model_name": "qwen3-8b",
    "usage_details": {"input": 7, "output": 3},
}


def _rows(*rows: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def _call(number: int, **changes: Any) -> dict[str, Any]:
    return _CALL | {"id": f"o{number}", "trace_id": f"t{number}"} | changes


def _loss(**changes: Any) -> Example:
    """Return an example of two traces, of which the second has a loss."""
    bad, good = _rows(_call(1), _call(2, **changes)), _rows(_call(1), _call(2))
    return Example(file=FILE, whole=True, command=IMPORT, bad=bad, good=good)


def _every_minute(hours: range) -> list[dict[str, Any]]:
    """Return a call for each minute of these hours."""
    calls = []
    for hour in hours:
        for minute in range(60):
            at = f"2026-05-04 {hour:02}:{minute:02}:"
            calls.append(_call(100 * hour + minute, start_time=f"{at}00.000000", end_time=f"{at}02.000000"))
    return calls


def _span(number: int, parent: str) -> dict[str, Any]:
    return {
        "name": "answer",
        "span_kind": "CHAIN",
        "parent_id": parent,
        "start_time": "2026-05-04T09:00:00+00:00",
        "end_time": "2026-05-04T09:00:01+00:00",
        "context.trace_id": "t1",
        "context.span_id": f"s{number}",
        "attributes.input.value": "Where is the office?",
        "attributes.output.value": "In Bern.",
    }


EXAMPLES: dict[str, Example | Situation] = {
    "TRC801": Example(
        file="",
        bad="trainspec import log.csv --to traces.jsonl",
        good="trainspec import log.csv --to traces.jsonl --columns query=question,answer=reply",
        given=(("log.csv", "question,reply\nWhere is the office?,In Bern.\n"),),
    ),
    "TRC802": Example(
        file=FILE, whole=True, command=IMPORT, bad=_rows(_call(1)) + _rows(_call(2))[:60], good=_rows(_call(1))
    ),
    "TRC803": Example(
        file=FILE, whole=True, command=IMPORT, bad=_rows(_call(1, output="")), good=_rows(_call(1)), along=("TRC805",)
    ),
    "TRC804": _loss(input=""),
    "TRC805": _loss(output=""),
    "TRC806": _loss(level="ERROR", status_message=""),
    "TRC807": _loss(end_time=None),
    "TRC808": _loss(end_time="2026-05-04 08:59:00.000000"),
    "TRC809": _loss(output="In the house at the cor... [truncated]"),
    "TRC810": Example(
        file=FILE,
        whole=True,
        command=IMPORT,
        bad=_rows(_call(1), _call(2), _call(2, output="In Basel.")),
        good=_rows(_call(1), _call(2)),
    ),
    "TRC811": _loss(output="In ZÃ¼rich."),
    "TRC812": _loss(parent_observation_id="o9"),
    "TRC813": _loss(provided_model_name=""),
    "TRC814": _loss(usage_details={}),
    "TRC815": _loss(output="[REDACTED]"),
    "TRC816": Example(
        file=FILE,
        whole=True,
        command=IMPORT,
        bad=_rows(*_every_minute(range(9, 10)), *_every_minute(range(11, 12))),
        good=_rows(*_every_minute(range(9, 12))),
    ),
    "TRC817": _loss(output="<app.Answer object at 0x7f3a5c0b1d90>"),
    "TRC818": Example(
        file=FILE,
        whole=True,
        command=IMPORT,
        bad=_rows(_span(1, ""), _span(2, "")),
        good=_rows(_span(1, ""), _span(2, "s1")),
    ),
    "TRC819": Situation(
        bad="All queries of a day are recorded under one trace id, which has more than 20,000 steps.",
        good="Each query has a trace id of its own.",
    ),
}
