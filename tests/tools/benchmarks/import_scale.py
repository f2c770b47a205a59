"""A million spans: time and memory of `trainspec import`, and of each engine that could bring the spans of traces together.

The spans are rows of Phoenix's spans dataframe as JSONL, five to a trace, scattered over windows of 20,000 rows. The
engines run the same query on the parts that the import makes of them: each span with the start of its trace, sorted by
trace. Environment: `IMPORT_SPANS` (1000000), `IMPORT_ENGINES` (duckdb,polars,daft,daft-ray; what is not installed is
left out), `IMPORT_PYTHON` (an interpreter that has Daft and Ray).
"""

import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from measure import Cost, adopt_orphans, run

SPANS = int(os.environ.get("IMPORT_SPANS", "1000000"))
ENGINES = os.environ.get("IMPORT_ENGINES", "duckdb,polars,daft,daft-ray").split(",")
PYTHON = os.environ.get("IMPORT_PYTHON", sys.executable)
TRAINSPEC = str(Path(sys.executable).parent / "trainspec")
LIMIT = 1800.0
KEYS = "first, trace, role, start, id"
WORDS = [
    "please",
    "find",
    "the",
    "order",
    "for",
    "this",
    "customer",
    "with",
    "a",
    "late",
    "delivery",
    "and",
    "refund",
    "status",
    "policy",
    "of",
    "item",
    "number",
]
KINDS = (("AGENT", "agent"), ("RETRIEVER", "search"), ("LLM", "chat"), ("TOOL", "lookup"), ("LLM", "chat"))


def main() -> None:
    """Print a table of costs; with arguments, run one engine on a folder of parts."""
    if len(sys.argv) == 3:
        print(json.dumps(engine(sys.argv[1], Path(sys.argv[2]))))
        return
    adopt_orphans()
    print(f"{SPANS:,} spans; {platform.machine()}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'what':28} {'seconds':>8} {'CPU s':>8} {'spans/s':>9} {'MiB':>7}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        export, parts = folder / "spans.jsonl", folder / "parts"
        with export.open("w", encoding="utf-8") as stream:
            stream.writelines(spans(SPANS))
        show(
            "trainspec import", run([TRAINSPEC, "import", str(export), "--to", str(folder / "out.jsonl")], limit=LIMIT)
        )
        write_parts(export, parts)
        for name in ENGINES:
            command = [PYTHON if name.startswith("daft") else sys.executable, __file__, name, str(parts)]
            try:
                show(name, run(command, limit=LIMIT))
            except RuntimeError:
                error = subprocess.run(command, capture_output=True, text=True, check=False).stderr.strip()
                print(f"{name:28} failed: {(error.splitlines() or ['no message'])[-1][:120]}")


def show(what: str, cost: Cost | None) -> None:
    if cost is None:
        print(f"{what:28} over {LIMIT:,.0f} s")
        return
    rate = SPANS / cost.seconds
    print(f"{what:28} {cost.seconds:8.1f} {cost.cpu_seconds:8.1f} {rate:9,.0f} {cost.mebibytes:7,.0f}", flush=True)


def spans(number: int) -> Iterator[str]:
    """Yield lines of an export, the spans of a trace scattered."""
    rng = random.Random(1)
    start, held = datetime(2026, 5, 4, tzinfo=UTC), []

    def text(words: int) -> str:
        return " ".join(rng.choices(WORDS, k=words))

    for index in range(number // len(KINDS)):
        trace, ids = f"{rng.getrandbits(128):032x}", [f"{rng.getrandbits(64):016x}" for _ in KINDS]
        at, question, answer = start + timedelta(seconds=2 * index + rng.random()), text(12), text(40)
        for step, (kind, name) in enumerate(KINDS):
            begin = at + timedelta(seconds=0.1 * step)
            row: dict[str, Any] = {
                "name": name,
                "span_kind": kind,
                "parent_id": ids[0] if step else None,
                "start_time": begin.isoformat(),
                "end_time": (begin + timedelta(seconds=0.09 if step else 0.9)).isoformat(),
                "status_code": "OK",
                "status_message": "",
                "events": [],
                "context.span_id": ids[step],
                "context.trace_id": trace,
                "attributes.input.value": question,
                "attributes.output.value": answer,
            }
            if kind == "LLM":
                turns = [("system", text(30)), ("user", question)]
                row["attributes.llm.model_name"] = "qwen3-8b"
                row["attributes.llm.token_count.prompt"] = row["attributes.llm.token_count.completion"] = 40
                row["attributes.llm.input_messages"] = [
                    {"message.role": role, "message.content": content} for role, content in turns
                ]
                row["attributes.llm.output_messages"] = [{"message.role": "assistant", "message.content": answer}]
            elif kind == "RETRIEVER":
                row["attributes.retrieval.documents"] = [
                    {"document.id": str(each), "document.content": text(25)} for each in range(3)
                ]
            held.append(json.dumps(row) + "\n")
        if len(held) >= 20_000:
            rng.shuffle(held)
            yield from held
            held = []
    yield from held


def write_parts(export: Path, folder: Path) -> None:
    """Write the parts that the import would group."""
    from compiler.run.imports.mapping import MapJob, map_batch
    from compiler.run.imports.readers import FORMATS
    from compiler.run.imports.reading import batches, numbered_rows
    from compiler.spec.data.parts import Allowance, Part

    folder.mkdir()
    part = Part(file=export, path=export.name, shown=export.name)
    for batch in batches(0, numbered_rows(part, Allowance(None)), count()):
        map_batch(MapJob(batch=batch, format=FORMATS["openinference"], folder=folder))


def engine(name: str, folder: Path) -> dict[str, Any]:
    """Read all spans of a folder of parts in the order of their traces, batch by batch; return their number."""
    rows = sum(batch.num_rows for batch in ENGINE[name](folder))
    assert rows == SPANS, rows
    return {"engine": name, "rows": rows}


def duckdb_rows(folder: Path) -> Iterator[Any]:
    from compiler.run.imports.grouping import Grouped

    with tempfile.TemporaryDirectory() as place:
        for part in folder.iterdir():
            os.symlink(part, Path(place) / part.name)
        with Grouped(Path(place), len(os.sched_getaffinity(0))) as grouped:
            grouped.index(loose_notes=False)
            yield from grouped.rows()


def polars_rows(folder: Path) -> Iterator[Any]:
    import polars
    import pyarrow.parquet

    parts = polars.scan_parquet(folder / "*.parquet")
    firsts = parts.group_by("trace").agg(polars.col("start").min().alias("first"))
    query = parts.join(firsts, on="trace").sort(KEYS.split(", "))
    path = folder.parent / "polars.parquet"
    query.sink_parquet(path, engine="streaming", compression="lz4")
    yield from pyarrow.parquet.ParquetFile(path).iter_batches(20_000)
    path.unlink()


def daft_rows(folder: Path) -> Iterator[Any]:
    import daft

    parts = daft.read_parquet(f"{folder}/*.parquet")
    firsts = parts.groupby("trace").agg(daft.col("start").min().alias("first"))
    query = parts.join(firsts, on="trace").sort([daft.col(each) for each in KEYS.split(", ")])
    yield from query.to_arrow_iter()


def daft_ray_rows(folder: Path) -> Iterator[Any]:
    import daft
    import ray

    ray.init(num_cpus=len(os.sched_getaffinity(0)), include_dashboard=False, log_to_driver=False)
    daft.set_runner_ray()
    yield from daft_rows(folder)


ENGINE = {"duckdb": duckdb_rows, "polars": polars_rows, "daft": daft_rows, "daft-ray": daft_ray_rows}

if __name__ == "__main__":
    main()
