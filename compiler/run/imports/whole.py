"""One trace of its steps: query and answer, what its fields say, and the losses of the trace itself."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from compiler.run.imports.feedback import feedback_of
from compiler.run.imports.plain import answer_of, query_of
from compiler.run.imports.steps import UNKNOWN, StepRow, moment
from compiler.run.imports.texts import is_mask
from compiler.run.imports.values import is_empty
from runtime.contract.traces import TRACE_SCHEMA, LossKind

_SPEAKS = ("agent", "chain", "model")


class Found(NamedTuple):
    """A loss of a trace, and the place of the row that shows it."""

    kind: LossKind
    step: str
    detail: str
    file: int
    line: int


class Assembled(NamedTuple):
    """A trace as one line of JSON, its losses, and what a badcase needs of it. `copies` are rows that came twice."""

    id: str
    line: bytes
    losses: list[Found]
    steps: int
    copies: list[Found]
    query: Any
    answer: Any
    model: str | None
    prompt_version: str | None
    feedback: list[dict[str, Any]]
    source: str
    place: tuple[int, int]


def whole(
    trace: str,
    heads: Sequence[StepRow],
    steps: list[StepRow],
    roots: Sequence[StepRow],
    notes: Sequence[StepRow],
    losses: list[Found],
    copies: list[Found],
) -> Assembled:
    """Return the trace of its heads, steps and notes; `losses` are those found so far."""
    steps.sort(key=lambda step: (step.start is None, step.start or 0, step.id))
    first = (heads or steps)[0]
    bodies = {step.id: step.body for step in steps}
    named = {head.id for head in heads if head.model}  # of a batch, whose input names the model
    losses = [each for each in _with_notes(notes, bodies, losses) if each.kind != "no-model" or each.step not in named]
    tops = [from_json(head.body) for head in heads]
    if len(roots) == 1:
        tops.append(from_json(bodies[roots[0].id]))
    elif not heads and steps:
        tops.append(from_json(bodies[steps[0].id]))
    query, answer = _said(tops, steps, bodies)
    error = _error(tops, heads, roots, steps, bodies, has_answer=not is_empty(answer))
    milliseconds = _milliseconds(tops, steps)
    losses.extend(_of_trace(query, answer, error, first))
    feedback = feedback_of(notes)
    made = _fields(tops, heads, steps)
    losses = _told_once(losses)
    fields: dict[str, Any] = {"schema": TRACE_SCHEMA, "id": trace, "source": first.source or steps[0].source}
    fields |= {"started": moment(_start(heads, steps)), "milliseconds": milliseconds, "query": query, "answer": answer}
    fields |= {"error": error} | made
    attributes = dict(made["attributes"]) | ({"feedback": feedback} if feedback else {})
    fields["attributes"] = attributes
    fields["losses"] = [
        {"kind": each.kind, "step": each.step} | ({"detail": each.detail} if each.detail else {}) for each in losses
    ]
    held = {name: value for name, value in fields.items() if value is not None and value != {} and value != []}
    written = to_json(held, inf_nan_mode="null")
    line = written[:-1] + b',"steps":[' + b",".join(bodies[step.id] for step in steps) + b"]}\n"
    return Assembled(
        trace, line, losses, len(steps), copies, query, answer, made["model"], made["prompt_version"], feedback,
        fields["source"], (first.file, first.line),
    )  # fmt: skip


def _said(tops: Sequence[dict[str, Any]], steps: Sequence[StepRow], bodies: dict[str, bytes]) -> tuple[Any, Any]:
    """Return query and answer: of the trace or its root; where those hold neither, of the steps that speak.

    An answer that the root should hold is never taken from another step: it could be that of a step in between.
    """
    query = next((each["input"] for each in tops if not is_empty(each.get("input"))), None)
    answer = next((each["output"] for each in tops if not is_empty(each.get("output"))), None)
    if is_empty(query) and is_empty(answer):
        speaking = [step for step in steps if step.kind in _SPEAKS and step.has_content]
        if speaking:
            query = from_json(bodies[speaking[0].id]).get("input")
            last = max(speaking, key=lambda step: (step.end or step.start or 0, step.id))
            answer = from_json(bodies[last.id]).get("output")
    return _plain(query_of, query), _plain(answer_of, answer)


def _plain(plain: Callable[[Any], Any], value: Any) -> Any:
    made = None if is_empty(value) else plain(value)
    return None if is_empty(made) else made


def _error(
    tops: Sequence[dict[str, Any]],
    heads: Sequence[StepRow],
    roots: Sequence[StepRow],
    steps: Sequence[StepRow],
    bodies: dict[str, bytes],
    *,
    has_answer: bool,
) -> str | None:
    """Return how the trace failed: its own error, else that of its last failed step if there is no answer."""
    if any(row.failed for row in (*heads, *roots[:1])):
        own = next((each["error"] for each in tops if each.get("error") and each["error"] != UNKNOWN), None)
        if own:
            return str(own)
    elif has_answer:
        return None
    failed = [step for step in steps if step.failed]
    if failed:
        return str(from_json(bodies[failed[-1].id]).get("error"))
    return UNKNOWN if any(head.failed for head in heads) else None


def _of_trace(query: Any, answer: Any, error: str | None, first: StepRow) -> Iterator[Found]:
    if query is None:
        yield Found("no-query", "", "", first.file, first.line)
    elif is_mask(query):
        yield Found("redacted", "", "", first.file, first.line)
    if answer is None and error is None:
        yield Found("no-answer", "", "", first.file, first.line)
    elif is_mask(answer):
        yield Found("redacted", "", "", first.file, first.line)


def _milliseconds(tops: Sequence[dict[str, Any]], steps: Sequence[StepRow]) -> float | None:
    own = next((each["milliseconds"] for each in tops if each.get("milliseconds") is not None), None)
    if own is not None:
        return float(own)
    starts = [step.start for step in steps if step.start is not None]
    ends = [step.end for step in steps if step.end is not None]
    if not starts or not ends or max(ends) < min(starts):
        return None
    return round((max(ends) - min(starts)) / 1e6, 3)


def _start(heads: Sequence[StepRow], steps: Sequence[StepRow]) -> int | None:
    starts = [row.start for row in (*heads, *steps) if row.start is not None]
    return min(starts, default=None)


def _fields(tops: Sequence[dict[str, Any]], heads: Sequence[StepRow], steps: Sequence[StepRow]) -> dict[str, Any]:
    """Return session, model and prompt version (where all steps agree), intent and attributes."""
    rows = (*heads, *steps)
    models = {row.model for row in rows if row.model}
    prompts = {row.prompt for row in rows if row.prompt}
    attributes: dict[str, Any] = {}
    for each in reversed(tops[: len(heads)]):
        attributes |= each.get("attributes") or {}
    intent = attributes.pop("intent", None)
    return {
        "session": next((row.session for row in rows if row.session), None),
        "model": models.pop() if len(models) == 1 else None,
        "prompt_version": prompts.pop() if len(prompts) == 1 else None,
        "intent": intent if isinstance(intent, str) else None,
        "attributes": attributes,
    }


def _with_notes(notes: Sequence[StepRow], bodies: dict[str, bytes], losses: list[Found]) -> list[Found]:
    """Add messages from other rows to their steps, and known losses; return losses without those that this mends."""
    added: dict[tuple[str, str], list[Any]] = {}
    known = []
    for note in notes:
        if note.kind in ("input", "output") and note.id in bodies:
            added.setdefault((note.id, note.kind), []).append(from_json(note.body)["value"])
        elif note.kind == "loss":
            held = from_json(note.body)["value"]
            known.append(Found(held["kind"], note.id, held["detail"], note.file, note.line))
    filled = set()
    for (span, side), values in added.items():
        step = from_json(bodies[span])
        if is_empty(step.get(side)):
            step[side] = values
            bodies[span] = to_json(step, inf_nan_mode="null")
            filled.add((span, "no-query" if side == "input" else "no-answer"))
    return [each for each in losses if (each.step, each.kind) not in filled] + known


def _told_once(losses: Sequence[Found]) -> list[Found]:
    """Return each loss of each step once, in order."""
    once: dict[tuple[str, str], Found] = {}
    for each in losses:
        once.setdefault((each.kind, each.step), each)
    return [once[key] for key in sorted(once)]
