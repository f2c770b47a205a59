"""A trace as the page shows it: bounded, and with every character that could deceive made visible."""

import re
from typing import Any

from compiler.run.triage.content import text_of
from runtime.contract.traces import Step, Trace

_MAX_TEXT = 100_000  # characters
_MAX_STEPS = 2_000
_MAX_DEPTH = 20
# control characters but tab and line end (ANSI sequences begin with one), invisible ones, and those that turn the
# direction of text
_DECEIVING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def shown_trace(trace: Trace) -> dict[str, Any]:
    """Return the texts of a trace, and its steps in order, each with its depth."""
    depths = _depths(trace.steps[:_MAX_STEPS])
    return {
        "id": visible(trace.id),
        "source": visible(trace.source),
        "session": visible(trace.session or ""),
        "started": trace.started.isoformat(timespec="seconds") if trace.started else "",
        "milliseconds": trace.milliseconds,
        "query": visible(text_of(trace.query)),
        "answer": visible(text_of(trace.answer)),
        "error": visible(trace.error or ""),
        "model": visible(trace.model or ""),
        "promptVersion": visible(trace.prompt_version or ""),
        "losses": [
            {"kind": each.kind, "step": visible(each.step), "detail": visible(each.detail)} for each in trace.losses
        ],
        "steps": [_step(each, depths[each.id]) for each in trace.steps[:_MAX_STEPS]],
        "moreSteps": max(0, len(trace.steps) - _MAX_STEPS),
    }


def visible(text: str) -> str:
    """Return the text with `⟦U+202E⟧` for each deceiving character, cut at a length that a page can show."""
    cut = text[:_MAX_TEXT]
    more = f" … {len(text) - _MAX_TEXT:,} more characters" if len(text) > _MAX_TEXT else ""
    return _DECEIVING.sub(lambda found: f"⟦U+{ord(found.group()):04X}⟧", cut.replace("\r\n", "\n")) + more


def _step(step: Step, depth: int) -> dict[str, Any]:
    return {
        "depth": depth,
        "kind": step.kind,
        "component": visible(step.component),
        "input": visible(text_of(step.input)),
        "output": visible(text_of(step.output)),
        "error": visible(step.error or ""),
        "milliseconds": step.milliseconds,
        "model": visible(step.model or ""),
    }


def _depths(steps: list[Step]) -> dict[str, int]:
    """Return the depth of each step by its id: 0 without a parent, or in a circle of parents."""
    parents = {each.id: each.parent for each in steps}
    depths: dict[str, int] = {}
    for name in parents:
        depth, at = 0, parents[name]
        while at is not None and at in parents and depth < _MAX_DEPTH:
            depth, at = depth + 1, parents[at]
        depths[name] = depth
    return depths
