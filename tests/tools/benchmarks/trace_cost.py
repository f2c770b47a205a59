"""What a recorded step costs beside a span of the OpenTelemetry SDK with the same content, in one loop.

Both are measured in turn, in blocks, so that a slow moment of the machine hits both. Printed are the time that the
application waits at a step; the processor time of its thread at a step, which a busy machine disturbs less; and the
processor time of a step altogether, with its share of writing the finished trace. OpenTelemetry's spans go to its batch
processor and an exporter that writes them as JSON.
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
Times = list[tuple[float, float]]  # seconds that passed, and of the processor
passed, worked = time.perf_counter, time.thread_time


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
            start, began = passed(), worked()
            with step("model", question, kind="model", model="m/1") as call:
                call.output = answer
            times.append((passed() - start, worked() - began))
        trace.answer = answer
    return times


def spans_of(provider: TracerProvider) -> Callable[[object, object], Times]:
    """The same with OpenTelemetry; values that are no text become JSON, as its attributes demand."""
    tracer = provider.get_tracer("bench")

    def query(question: object, answer: object) -> Times:
        times = []
        with tracer.start_as_current_span("invoke_agent"):
            for _ in range(STEPS):
                start, began = passed(), worked()
                with tracer.start_as_current_span("chat m") as span:
                    if question is not None:
                        span.set_attribute("gen_ai.operation.name", "chat")
                        span.set_attribute("gen_ai.request.model", "m")
                        text = question if isinstance(question, str) else json.dumps(question)
                        span.set_attribute("gen_ai.input.messages", text)
                        span.set_attribute("gen_ai.output.messages", str(answer))
                times.append((passed() - start, worked() - began))
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
        columns = ("median", "p99", "cpu", "cpu p99", "whole")
        print(
            f"{'step':<10} {'by':<18}", *(f"{each:>9}" for each in columns), "  median, cpu, whole of OpenTelemetry's"
        )
        for case, content in CASES.items():
            _row(case, content, ways, provider)


def _row(
    case: str, content: tuple[object, object], ways: dict[str, Callable[..., Times]], provider: TracerProvider
) -> None:
    steps: dict[str, Times] = {name: [] for name in ways}
    whole: dict[str, list[float]] = {name: [] for name in ways}
    for block in range(BLOCKS + 5):  # the first blocks warm the caches
        for name, way in ways.items():
            gc.collect(0)
            start = time.process_time()
            times = [each for _ in range(10) for each in way(*content)]
            provider.force_flush()  # the thread of the batch processor writes what it has
            spent = time.process_time() - start
            if block >= 5:
                steps[name] += times
                whole[name].append(spent / len(times))
    figures = {}
    for name in ways:
        waited, spent_on = zip(*steps[name], strict=True)
        figures[name] = [*_spread(waited), *_spread(spent_on), statistics.median(whole[name])]
    base = figures["opentelemetry-sdk"]
    for name, made in figures.items():
        ratios = ", ".join(f"{made[column] / base[column]:.2f} ×" for column in (0, 2, 4)) if made is not base else ""
        print(f"{case:<10} {name:<18}", *(f"{each * 1e6:9.1f}" for each in made), f"  {ratios}", flush=True)


def _spread(times: Sequence[float]) -> tuple[float, float]:
    """The median and the 99th percentile."""
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


if __name__ == "__main__":
    main()
