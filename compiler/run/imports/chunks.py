"""Whole traces of what is grouped, in chunks that one process turns into lines of the native form."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import pyarrow
from pydantic_core import to_json

from compiler.run.imports.assemble import MAX_STEPS, TooManyStepsError, assemble
from compiler.run.imports.feedback import badcase
from compiler.run.imports.losses import Tally
from compiler.run.imports.steps import StepRow
from compiler.run.imports.windows import Gap
from compiler.spec.data.errors import Problem

_ROWS = 5_000
_MAX_ROWS = 4 * MAX_STEPS  # of one trace, its notes included; the rest of a longer one is not read


class Chunk(NamedTuple):
    """Rows of whole traces, the limits at which texts were cut, and the missing windows that end in this chunk."""

    table: Any
    limits: frozenset[str]
    gaps: tuple[Gap, ...]


@dataclass(kw_only=True, slots=True)
class Lines:
    """The traces and badcases of a chunk as JSONL, what they came to, and traces that are too large."""

    traces: bytes = b""
    badcases: bytes = b""
    tally: Tally = field(default_factory=Tally)
    problems: list[tuple[int, int, Problem]] = field(default_factory=list)


def chunks(batches: Iterable[Any], limits: frozenset[str], gaps: Sequence[Gap]) -> Iterator[Chunk]:
    """Yield sorted rows in chunks that end with a whole trace."""
    left = list(gaps)
    held: list[Any] = []
    size = 0
    for batch in batches:
        held.append(batch)
        size += batch.num_rows
        if size < _ROWS:
            continue
        table = pyarrow.Table.from_batches(held)
        end = _last_begin(table)
        if end:
            yield _chunk(table.slice(0, end), limits, left)
        held, size = table.slice(end).to_batches(), table.num_rows - end
        if size > _MAX_ROWS:
            held, size = table.slice(end, _MAX_ROWS).to_batches(), _MAX_ROWS
    if size:
        yield _chunk(pyarrow.Table.from_batches(held), limits, left)


def _last_begin(table: Any) -> int:
    """Return the number of the row with which the last trace begins."""
    traces = table.column("trace")
    last, at = traces[table.num_rows - 1], table.num_rows - 1
    while at and traces[at - 1] == last:
        at -= 1
    return int(at)


def _chunk(table: Any, limits: frozenset[str], left: list[Gap]) -> Chunk:
    """Return a chunk with the gaps that end before its last trace starts, which are taken from `left`."""
    last = table.column("first")[table.num_rows - 1].as_py()
    mine = [gap for gap in left if last is None or gap.end <= last]
    del left[: len(mine)]
    return Chunk(table, limits, tuple(mine))


def lines_of(chunk: Chunk) -> Lines:
    """Return the traces of a chunk as lines."""
    made = Lines()
    traces: list[bytes] = []
    badcases: list[bytes] = []
    left = list(chunk.gaps)
    columns = [column.to_pylist() for column in chunk.table.columns]
    firsts = columns.pop()
    rows = [StepRow(*row) for row in zip(*columns, strict=True)]
    at = 0
    for _, group in groupby(rows, key=lambda row: row.trace):
        own = list(group)
        first = firsts[at]
        at += len(own)
        passed = [gap for gap in left if first is None or gap.end <= first]
        del left[: len(passed)]
        try:
            for trace in assemble(own, chunk.limits, [gap.shown for gap in passed]):
                traces.append(trace.line)
                usable = made.tally.add(trace, trace.source)
                row = badcase(trace.id, trace.query, trace.answer, trace.model, trace.prompt_version, trace.feedback)
                if row is not None and usable:
                    badcases.append(to_json(row, inf_nan_mode="null") + b"\n")
                    made.tally.badcases += 1
                    made.tally.unfixed += "fix" not in row
        except TooManyStepsError as error:
            step = error.args[0]
            message = f"trace `{step.trace[:80]}` has more than {MAX_STEPS:,} steps"
            made.problems.append((step.file, step.line, Problem(message, "give each query a trace id of its own")))
    made.traces, made.badcases = b"".join(traces), b"".join(badcases)
    return made
