"""The rows of a stage, checked before it loads a model; each fault names its file and line."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from runtime.contract.blocks import DataBlock
from runtime.contract.data.columns import BadcaseClass
from runtime.contract.data.dialects import native_row
from runtime.contract.data.faults import RowFault
from runtime.contract.data.file_formats import EMPTY_HINT, without_rows
from runtime.contract.data.labels import labels_of
from runtime.contract.data.shapes import TURN_COLUMNS
from runtime.contract.data.turns import without_steps
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes
from runtime.data.faults import Faults
from runtime.data.files import DataFile, read_planned
from runtime.data.formats import Record, Row, records

UNDETERMINED = BadcaseClass.UNDETERMINED  # the class of a badcase without `class`


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """The rows of one data block and the place of each; `excluded` counts the rows with excluded labels.

    `empty` are the files without rows.
    """

    block: DataBlock
    rows: list[Row]
    places: list[str]
    excluded: int
    empty: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool | None:
        """Whether prompts are plain text rather than turns; None without rows or prompts."""
        fields = TURN_COLUMNS[self.block.shape]
        return isinstance(self.rows[0][fields[0]], str) if self.rows and fields else None


def read_sources(blocks: Sequence[DataBlock], volumes: Volumes) -> list[Source]:
    """Return the rows of each block, in order.

    RUN721 or RUN722 if a file is missing, RUN711 if it differs from the plan, RUN715 if its format has no reader,
    RUN706 if it is not what its name says, RUN710 with up to ten faults if rows are malformed, RUN712 if a block or a
    file has no rows, or none remains.
    """
    contents = [read_planned(block, volumes) for block in blocks]
    faults = Faults()
    ids: dict[str, str] = {}
    sources = [_source(block, files, ids, faults) for block, files in zip(blocks, contents, strict=True)]
    if faults:
        raise StageError("RUN710", faults.summary(), "fix these rows, then compile the plan again")
    for source in sources:
        _check_count(source)
    if not any(source.rows for source in sources):
        left_out = " or ".join(sorted({str(each) for block in blocks for each in block.excluded}))
        message = f"no row remains: all {sum(source.excluded for source in sources)} have {left_out}"
        raise StageError("RUN712", message, "add rows with other labels")
    return sources


def read_rows(blocks: Sequence[DataBlock], volumes: Volumes) -> list[Row]:
    """Return the rows of all blocks as one list; same errors as `read_sources`."""
    return [row for source in read_sources(blocks, volumes) for row in source.rows]


def names_of(blocks: Iterable[DataBlock]) -> str:
    """Return the paths of the blocks, for messages."""
    return ", ".join(f"`{block.path}`" for block in blocks)


def _source(block: DataBlock, files: Sequence[DataFile], ids: dict[str, str], faults: Faults) -> Source:
    rows: list[Row] = []
    places: list[str] = []
    found: Counter[str] = Counter()
    for path, place, record in _records(files, block.encoding):
        found[path] += 1
        if isinstance(record, ValueError):
            faults.add(place, str(record))
            continue
        row = native_row(record, block.shape, block.columns)
        if isinstance(row, RowFault):
            faults.add_fault(place, row)
        elif block.shape == "evaluation" and (first := ids.setdefault(f"{block.role} {row['id']}", place)) != place:
            faults.add(place, f"`id` `{row['id']}` repeats that of `{first}`")
        else:
            rows.append(_readable(row))
            places.append(place)
    _check_kinds(rows, block, faults)
    filters = block.excluded
    kept = [index for index, row in enumerate(rows) if not any(each.matches(labels_of(row)) for each in filters)]
    return Source(
        block=block,
        rows=[rows[index] for index in kept],
        places=[places[index] for index in kept],
        excluded=len(rows) - len(kept),
        empty=tuple(file.path for file in files if not found[file.path]),
    )


def _records(files: Sequence[DataFile], encoding: str | None) -> Iterator[tuple[str, *Record]]:
    for file in files:
        yield from ((file.path, place, record) for place, record in records(file.path, file.content, encoding))


def _check_count(source: Source) -> None:
    found, block = len(source.rows) + source.excluded, source.block
    if not found:
        raise StageError("RUN712", f"`{block.path}` contains no rows", "use a file with at least one row")
    if source.empty:
        raise StageError("RUN712", without_rows(block.path, source.empty), EMPTY_HINT)
    if block.rows is not None and found != block.rows:
        message = f"`{block.path}` contains {found} row{'s' * (found != 1)}, but the plan counts {block.rows}"
        raise StageError("RUN711", message, "compile the plan again")


def _readable(row: Row) -> Row:
    """Return the row with prompts that have no keys for training; conversations keep them."""
    prompt = row.get("prompt")
    return {**row, "prompt": without_steps(prompt)} if isinstance(prompt, list) else row


def _check_kinds(rows: list[Row], block: DataBlock, faults: Faults) -> None:
    # The trainers decide by the first row how to read all rows.
    if not TURN_COLUMNS[block.shape]:
        return
    field = TURN_COLUMNS[block.shape][0]
    if len({isinstance(row[field], str) for row in rows}) > 1:
        faults.add(block.path, f"`{field}` is plain text in some rows and turns in others")
