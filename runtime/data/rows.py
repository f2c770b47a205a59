"""The rows of a stage, checked before a model is loaded: every fault is named with its file and line."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from runtime.contract.blocks import DataBlock
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes
from runtime.data.files import DataFile, read_planned
from runtime.data.formats import Row, format_of
from runtime.data.turns import check_text, check_tools, check_turn

MAX_REPORTED_FAULTS = 10
UNDETERMINED = "undetermined"  # the class of a badcase that names none

# For each shape: fields that hold a conversation (text or messages), fields that hold plain text.
CONVERSATIONS = {
    "prompt-completion": ("prompt", "completion"),
    "messages": ("messages",),
    "preference": ("prompt", "chosen", "rejected"),
    "unpaired-preference": ("prompt", "completion"),
    "badcase": ("prompt",),
    "evaluation": ("prompt",),
    "chain": ("prompt", "completion"),
    "prompt": ("prompt",),
    "text": (),
}
_TEXTS = {"badcase": ("id", "fix"), "evaluation": ("id", "reference"), "chain": ("chain",), "text": ("text",)}
_ANSWERS = ("completion", "chosen", "rejected")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """The rows of one data block, and where each stands; `excluded` counts those of classes that are left out."""

    block: DataBlock
    rows: list[Row]
    places: list[str]
    excluded: int

    @property
    def is_plain(self) -> bool | None:
        """Whether conversations are plain text rather than turns; None where no row is left, or none holds one."""
        fields = CONVERSATIONS[self.block.shape]
        return isinstance(self.rows[0][fields[0]], str) if self.rows and fields else None


def read_sources(blocks: Sequence[DataBlock], volumes: Volumes) -> list[Source]:
    """Return the rows of each block, one block after the other.

    RUN721 or RUN722 if a file is not there, RUN711 if it is not the planned one, RUN715 if its format has no reader,
    RUN710 with up to ten faults if rows are malformed, RUN712 if a block has none or none is left.
    """
    contents = [read_planned(block, volumes) for block in blocks]
    faults: list[str] = []
    ids: dict[str, str] = {}
    sources = [_source(block, files, ids, faults) for block, files in zip(blocks, contents, strict=True)]
    if faults:
        raise StageError("RUN710", _summary(faults), "correct these rows, then compile the plan again")
    for source in sources:
        _check_count(source)
    if not any(source.rows for source in sources):
        left_out = ", ".join(sorted({f"`{name}`" for block in blocks for name in block.exclude_classes}))
        message = f"no row is left: all {sum(source.excluded for source in sources)} are of class {left_out}"
        raise StageError("RUN712", message, "add rows of other classes")
    return sources


def read_rows(blocks: Sequence[DataBlock], volumes: Volumes) -> list[Row]:
    """Return the rows of all blocks as one list; raises as `read_sources` does."""
    return [row for source in read_sources(blocks, volumes) for row in source.rows]


def names_of(blocks: Iterable[DataBlock]) -> str:
    """The blocks' paths, for messages."""
    return ", ".join(f"`{block.path}`" for block in blocks)


def _source(block: DataBlock, files: Sequence[DataFile], ids: dict[str, str], faults: list[str]) -> Source:
    rows: list[Row] = []
    places: list[str] = []
    for place, row in _records(files):
        try:
            if isinstance(row, ValueError):
                raise row
            _check_row(row, block.shape)
            if block.shape == "evaluation" and (first := ids.setdefault(f"{block.role} {row['id']}", place)) != place:
                raise ValueError(f"`id` is that of `{first}` too: `{row['id']}`")
            rows.append(row)
            places.append(place)
        except ValueError as error:
            faults.append(f"{place}: {error}")
    faults += _mixed_kinds(rows, block)
    kept = [index for index, row in enumerate(rows) if _class_of(row) not in block.exclude_classes]
    return Source(
        block=block,
        rows=[rows[index] for index in kept],
        places=[places[index] for index in kept],
        excluded=len(rows) - len(kept),
    )


def _records(files: Sequence[DataFile]) -> Iterator[tuple[str, Row | ValueError]]:
    for file in files:
        read = format_of(file.path)
        if read is None:
            message = f"`{file.path}` ends in no known format"
            raise StageError("RUN715", message, "give a `.jsonl`, `.csv` or `.parquet` file, or a folder of them")
        for place, row in read(file.content):
            yield f"{file.path}{place}", row


def _check_count(source: Source) -> None:
    found, block = len(source.rows) + source.excluded, source.block
    if not found:
        raise StageError("RUN712", f"`{block.path}` holds no rows", "give the stage a file with at least one row")
    if block.rows is not None and found != block.rows:
        message = f"`{block.path}` holds {found} row{'s' * (found != 1)}, the plan counts {block.rows}"
        raise StageError("RUN711", message, "compile the plan again")


def _class_of(row: Row) -> str:
    return row.get("class") or UNDETERMINED


def _check_row(row: Row, shape: str) -> None:
    conversations, texts = CONVERSATIONS[shape], _TEXTS.get(shape, ())
    missing = [name for name in (*conversations, *texts) if name not in row]
    if missing:
        raise ValueError(f"lacks {', '.join(f'`{name}`' for name in missing)}")
    for name in texts:
        check_text(name, row[name])
    for name in conversations:
        _check_conversation(name, row[name])
    for name in ("answer", "class", "cluster", "database"):
        if row.get(name):  # may be left out
            check_text(name, row[name])
    if shape == "unpaired-preference" and not isinstance(row.get("label"), bool):
        raise ValueError("`label` is neither true nor false")
    kinds = {isinstance(row[name], str) for name in conversations}
    if len(kinds) > 1:
        raise ValueError(f"mixes plain text and messages in {', '.join(f'`{name}`' for name in conversations)}")
    if row.get("tools") and conversations:  # may be left out
        if kinds == {True}:
            raise ValueError("`tools` belongs to turns, and the row is plain text")
        check_tools(row["tools"])


def _check_conversation(name: str, value: object) -> None:
    if isinstance(value, str):
        if name == "messages":
            raise ValueError("`messages` is not a list of messages")
        check_text(name, value)
        return
    if not isinstance(value, list) or not value:
        raise ValueError(f"`{name}` is neither text nor a list of messages")
    for position, message in enumerate(value):
        check_turn(f"{name}[{position}]", message)
    roles = [message["role"] for message in value]
    if name in _ANSWERS and (roles != ["assistant"] or "tool_calls" in value[0]):
        raise ValueError(f"`{name}` must be one message with role `assistant`, and calls no tool")
    if name == "prompt" and roles[-1] == "assistant":
        raise ValueError("`prompt` ends with the role `assistant`, which is the answer's")
    if name == "messages" and "assistant" not in roles:
        raise ValueError("`messages` has no message with role `assistant`")


def _mixed_kinds(rows: list[Row], block: DataBlock) -> list[str]:
    # The trainers decide by the first row how all rows are to be read.
    if not CONVERSATIONS[block.shape]:
        return []
    field = CONVERSATIONS[block.shape][0]
    if len({isinstance(row[field], str) for row in rows}) > 1:
        return [f"{block.path}: `{field}` is plain text in some rows and messages in others"]
    return []


def _summary(faults: list[str]) -> str:
    shown = faults[:MAX_REPORTED_FAULTS]
    more = len(faults) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")
