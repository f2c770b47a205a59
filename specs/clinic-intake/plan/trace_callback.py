"""Record the whole chain of each query of "clinic-intake": the query, every step with its input and output, the answer.

Each query is one JSON object on a line. Install this file in the application:

    from trace_callback import record

    with record(query, model="name/revision", prompt_version="v1") as trace:
        with trace.step("retriever", query) as step:
            step.output = passages = search(query)
        trace.answer = answer(query, passages)

Lines go to the file that `TRAINSPEC_TRACES` names. A step that raises is recorded with its error, which is raised again.
Recording never fails a query: errors in writing are reported on stderr. Only the standard library of Python 3.11 is needed.
"""

import json
import os
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

PATH = os.environ.get("TRAINSPEC_TRACES", "traces/clinic-intake.jsonl")
COMPONENTS = ("questioner", "triage", "registry", )

# receives every text before it is written, to remove what must not be stored
redact: Callable[[str], str] = str

_lock = threading.Lock()


@dataclass
class Step:
    """One call of a component: its input, output, duration, and its error if it failed."""

    component: str
    input: object
    output: object = None
    error: str | None = None
    milliseconds: int = 0


@dataclass
class Trace:
    """A query with its whole chain. Set `answer` before the block ends."""

    query: str
    model: str
    prompt_version: str
    intent: str | None = None
    answer: object = None
    error: str | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    milliseconds: int = 0
    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, component: str, input: object) -> Iterator[Step]:
        """Record one call of a component; set `output` of the step that this yields."""
        if COMPONENTS and component not in COMPONENTS:
            print(f"trace: component `{component}` is not in the spec; add it there", file=sys.stderr)
        step = Step(component=component, input=input)
        self.steps.append(step)
        with _timed(step):
            yield step


@contextmanager
def record(query: str, *, model: str, prompt_version: str, intent: str | None = None) -> Iterator[Trace]:
    """Record one query; the line is written when the block ends, even by an error."""
    trace = Trace(query=query, model=model, prompt_version=prompt_version, intent=intent)
    try:
        with _timed(trace):
            yield trace
    finally:
        _write(trace)


@contextmanager
def _timed(part: Step | Trace) -> Iterator[None]:
    start = time.perf_counter()
    try:
        yield
    except BaseException as error:
        part.error = f"{type(error).__name__}: {error}"
        raise
    finally:
        part.milliseconds = round(1000 * (time.perf_counter() - start))


def _write(trace: Trace) -> None:
    try:
        line = json.dumps(_redacted(asdict(trace)), ensure_ascii=False, default=str) + "\n"
        with _lock:
            os.makedirs(os.path.dirname(PATH) or ".", exist_ok=True)
            # one write to an appending descriptor, so that lines of several processes do not mix
            descriptor = os.open(PATH, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, line.encode("utf-8", "replace"))
            finally:
                os.close(descriptor)
    except Exception as error:
        print(f"trace: {type(error).__name__}: {error}", file=sys.stderr)


def _redacted(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _redacted(inner) for key, inner in value.items()}
    return [_redacted(inner) for inner in value] if isinstance(value, (list, tuple)) else value
