"""What a recorded step costs beside a span of the OpenTelemetry SDK with the same content, in one loop.

Both are measured in turn, in blocks, so that a slow moment of the machine hits both. Two costs are printed: what the application
waits for at each step, and what a step costs altogether, with its share of writing the finished trace. OpenTelemetry's
spans go to its batch processor and an exporter that encodes them as JSON, into a file that nobody reads.
"""

import gc
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import opentelemetry.sdk.version
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

sys.path.insert(0, str(Path(__file__).parents[3]))
from runtime.trace import configure, record, step

STEPS = 8  # of a query
BLOCKS = int(os.environ.get("BENCH_ROUNDS", "300"))
TURNS = [
    {
        "role": "user" if turn % 2 == 0 else "assistant",
        "content": f"Turn {turn}: where is parcel {turn * 7919}? " + "It was sent to the depot on Monday. " * 9,
    }
    for turn in range(10)
]
CASES: dict[str, tuple[object, object]] = {
    "empty": (None, None),
    "small": ("where is my parcel?", "at the depot"),
    "10 turns": (TURNS, "It is at the depot, and arrives tomorrow."),
}
Times = list[float]
perf = time.perf_counter


class FileExporter(SpanExporter):
    """Writes each span as a line of JSON."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("w", encoding="utf-8")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.file.writelines(f"{span.to_json(indent=None)}\n" for span in spans)
        return SpanExportResult.SUCCESS


def recorded(question: object, answer: object) -> Times:
    """One query of ours: the seconds of each step."""
    times = []
    with record(question, model="m/1") as trace:
        for _ in range(STEPS):
            start = perf()
            with step("model", question, kind="model", model="m/1") as call:
                call.output = answer
            times.append(perf() - start)
        trace.answer = answer
    return times


def spans_of(provider: TracerProvider) -> Callable[[object, object], Times]:
    """The same with OpenTelemetry; values that are no text become JSON, as its attributes demand."""
    tracer = provider.get_tracer("bench")

    def query(question: object, answer: object) -> Times:
        times = []
        with tracer.start_as_current_span("invoke_agent"):
            for _ in range(STEPS):
                start = perf()
                with tracer.start_as_current_span("chat m") as span:
                    if question is not None:
                        span.set_attribute("gen_ai.operation.name", "chat")
                        span.set_attribute("gen_ai.request.model", "m")
                        text = question if isinstance(question, str) else json.dumps(question)
                        span.set_attribute("gen_ai.input.messages", text)
                        span.set_attribute("gen_ai.output.messages", str(answer))
                times.append(perf() - start)
        return times

    return query


def main() -> None:
    """Run and print the table."""
    with tempfile.TemporaryDirectory() as name:
        configure(path=Path(name, "ours.jsonl"))
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(FileExporter(Path(name, "otel.jsonl"))))
        ways = {"trainspec_trace": recorded, "opentelemetry-sdk": spans_of(provider)}
        version = opentelemetry.sdk.version.__version__
        print(f"{platform.machine()}, Python {platform.python_version()}, opentelemetry-sdk {version}; microseconds")
        print(
            f"{STEPS} steps a query, {BLOCKS} blocks of 10 queries each, in turn; whole: process time of queries, written"
        )
        print(f"{'step':<10} {'by':<18} {'median':>8} {'p99':>8} {'whole':>8}   median, whole of OpenTelemetry's")
        for case, content in CASES.items():
            _row(case, content, ways, provider)


def _row(case: str, content: tuple[object, object], ways: dict[str, Callable], provider: TracerProvider) -> None:
    waits: dict[str, Times] = {name: [] for name in ways}
    whole: dict[str, Times] = {name: [] for name in ways}
    for block in range(BLOCKS + 5):  # the first blocks warm the caches
        for name, way in ways.items():
            gc.collect(0)
            start = time.process_time()
            times = [each for _ in range(10) for each in way(*content)]
            provider.force_flush()  # the spans of the batch processor are written by its thread
            spent = time.process_time() - start
            if block >= 5:
                waits[name] += times
                whole[name].append(spent / len(times))
    base = {kind: statistics.median(values["opentelemetry-sdk"]) for kind, values in (("w", waits), ("a", whole))}
    for name in ways:
        median, total = statistics.median(waits[name]), statistics.median(whole[name])
        p99 = statistics.quantiles(waits[name], n=100)[98]
        ratio = f"{median / base['w']:.2f} ×, {total / base['a']:.2f} ×" if name == "trainspec_trace" else ""
        print(f"{case:<10} {name:<18} {median * 1e6:8.1f} {p99 * 1e6:8.1f} {total * 1e6:8.1f}   {ratio}", flush=True)


if __name__ == "__main__":
    main()
