"""What a trace says: its digest, its intent, its texts, and why it may be no evidence."""

import hashlib
import json
import re
from typing import Any

from runtime.contract.traces import Trace, refusing

_MAX_INTENT = 200
_NOT_IN_SLUGS = re.compile(r"[^a-z0-9\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+")
_MAX_SLUG = 63


def content_of(trace: Trace) -> str:
    """Return the SHA-256 of what people judge: query, chain and answer, with their time.

    Ids, token counts and latencies do not count, so that a label finds its trace after another import.
    """
    steps = [[each.kind, each.component, each.input, each.output, each.error] for each in trace.steps]
    started = trace.started.isoformat() if trace.started else None
    content = [trace.query, trace.answer, trace.error, started, steps]
    return hashlib.sha256(json.dumps(content, ensure_ascii=True, sort_keys=True).encode()).hexdigest()


def refusal_of(trace: Trace) -> str:
    """Return the losses that make the trace useless as evidence, as `no-query, cut-text`; empty if it is evidence."""
    found = refusing(trace.losses)
    if trace.query in (None, "", [], {}):
        found.add("no-query")
    if trace.error:
        found.discard("no-answer")
    return ", ".join(sorted(found))


def intent_of(trace: Trace) -> str:
    """Return the intent of the trace, or what its first intent step found; empty if there is none."""
    steps = (each.output for each in trace.steps if each.kind == "intent")
    intent = trace.intent or next((each for each in steps if isinstance(each, str)), "")
    return " ".join(intent.split())[:_MAX_INTENT]


def replayed(trace: Trace) -> str:
    """Return the id of the trace that this one replays, its attribute `replay_of`; empty if it is no replay."""
    found = trace.attributes.get("replay_of")
    return found if isinstance(found, str) else ""


def text_of(value: Any) -> str:
    """Return a query, answer or output as text: the only text of an object, or JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1 and isinstance(only := next(iter(value.values())), str):
        return only
    return json.dumps(value, ensure_ascii=False, indent=1)


def slug(text: str) -> str:
    """Return a text as the name of a kind or component: letters, digits and inner `-`; empty if nothing is left."""
    return _NOT_IN_SLUGS.sub("-", text.lower()).strip("-")[:_MAX_SLUG].strip("-")
