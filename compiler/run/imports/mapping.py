"""Map a batch of rows to spans, and write them as a Parquet file that an engine groups. Processes share this work."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from compiler.run.imports.reading import Batch, decoded_row
from compiler.run.imports.span import Format, NotARowError, Row, Span
from compiler.run.imports.steps import NOTE, StepRow, note_row, step_row
from compiler.run.imports.texts import Lengths
from compiler.spec.data.errors import Problem

MAX_PROBLEMS = 20  # of one batch that are kept; the rest is counted
_TEXT = pyarrow.string()
_SCHEMA = pyarrow.schema(
    {
        "trace": _TEXT,
        "role": pyarrow.int8(),
        "id": _TEXT,
        "parent": _TEXT,
        "start": pyarrow.int64(),
        "end": pyarrow.int64(),
        "kind": _TEXT,
        "source": _TEXT,
        "session": _TEXT,
        "model": _TEXT,
        "prompt": _TEXT,
        "failed": pyarrow.bool_(),
        "remote": pyarrow.bool_(),
        "has_content": pyarrow.bool_(),
        "losses": _TEXT,
        "cut_in": _TEXT,
        "cut_out": _TEXT,
        "file": pyarrow.int32(),
        "line": pyarrow.int64(),
        "body": pyarrow.binary(),
    }
)


@dataclass(kw_only=True, slots=True)
class Mapped:
    """What one batch came to: its rows and spans, problems with their lines, and the lengths of its texts."""

    file: int
    rows: int = 0
    spans: int = 0
    loose_notes: int = 0
    bad_rows: int = 0
    problems: list[tuple[int, Problem]] = field(default_factory=list)
    lengths: Lengths = field(default_factory=Lengths)


@dataclass(frozen=True, kw_only=True, slots=True)
class MapJob:
    """A batch, the format of its file, and the folder of the parts."""

    batch: Batch
    format: Format
    folder: Path


def map_batch(job: MapJob) -> Mapped:
    """Write the spans of a batch to the folder, and return what it came to."""
    batch, made = job.batch, Mapped(file=job.batch.file)
    rows: list[StepRow] = []
    for line, held in batch.rows:
        made.rows += 1
        row = decoded_row(held) if isinstance(held, str) else held
        try:
            if isinstance(row, Problem):
                raise _BadRowError(row)
            rows.extend(_rows(row, job, line, made))
        except _BadRowError as bad:
            made.bad_rows += 1
            if len(made.problems) < MAX_PROBLEMS:
                made.problems.append((line, bad.problem))
    if rows:
        columns: Any = zip(*rows, strict=True)
        arrays = [pyarrow.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)]
        table = pyarrow.Table.from_arrays(arrays, schema=_SCHEMA)
        path = job.folder / f"part-{batch.number:06d}.parquet"
        pyarrow.parquet.write_table(
            table, path, compression="lz4", use_dictionary=["kind", "source"], write_statistics=False
        )
    return made


class _BadRowError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _rows(row: Row, job: MapJob, line: int, made: Mapped) -> list[StepRow]:
    """Return the rows of all that one row of the export holds; it is bad as a whole if a part of it is."""
    found: list[StepRow] = []
    spans = loose = 0
    file, lacks = job.batch.file, job.format.lacks
    try:
        for item in job.format.read(row):
            if isinstance(item, Span):
                found.append(step_row(item, lacks, made.lengths, file, line))
                spans += not item.head
            else:
                found.append(note_row(item, file, line))
                loose += found[-1].role == NOTE and not item.trace
    except NotARowError as error:
        raise _BadRowError(Problem(f"the row {error}", f"export it again from {job.format.title}")) from None
    except RecursionError:
        raise _BadRowError(Problem("the row is nested too deeply", "export the row again")) from None
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        message = f"the row is no row of {job.format.title}: {type(error).__name__.lower()}, {str(error)[:120]}"
        raise _BadRowError(Problem(message, "export it again, or name its format with `--tool`")) from None
    made.spans += spans
    made.loose_notes += loose
    return found
