"""Load phase, for data: a JSONL file becomes counts and digests; its rows never travel further than this module."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

from compiler.diagnostics import Diagnostic, Location, Outcome, diagnostic, has_errors

MAX_FILE_BYTES = 1 << 30
MAX_ROW_BYTES = 4 << 20
MAX_REPORTED_ROWS = 10
NEAR_DISTANCE = 0.1

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class DataFile:
    """What is known of one data source. `prompts` and `clusters` are digests, to find overlap between sources.

    `answered`: badcases or pairs that hold both sides and where these differ; `near`: of these, how many are closer
    than `NEAR_DISTANCE` in normalised edit distance; `unanswered`: badcases whose wrong answer was not logged.
    """

    name: str
    path: str
    sha256: str
    rows: int
    answered: int = 0
    unanswered: int = 0
    near: int = 0
    repeated: int = 0
    prompt_versions: tuple[str, ...] = ()
    models: tuple[tuple[str, int], ...] = ()
    classes: tuple[tuple[str, int], ...] = ()
    prompts: frozenset[str] = field(default=frozenset(), repr=False)
    clusters: frozenset[str] = field(default=frozenset(), repr=False)


def read_source(path: Path, shown: str, *, name: str, relative: str, shape: str) -> Outcome[DataFile]:
    """Read the JSONL file at `path` as rows of `shape`; every row that cannot be used is told, up to a limit."""
    tally = _Tally(shape)
    try:
        for number, raw in _lines(path):
            problem = tally.take(raw)
            if problem:
                tally.found.append(_row_problem(shown, number, problem))
            if len(tally.found) == MAX_REPORTED_ROWS:
                break
    except OSError as error:
        where = Location(path=shown)
        return Outcome(
            value=None, diagnostics=(diagnostic("YML001", f"cannot read the file: {error.strerror}", where),)
        )
    except _TooLargeError as error:
        return Outcome(value=None, diagnostics=(diagnostic("YML005", str(error), Location(path=shown)),))
    if not tally.rows and not tally.found:
        found = diagnostic(
            "CHK204", f"data source `{name}` has no rows", Location(path=shown), hint="add rows, one JSON object a line"
        )
        return Outcome(value=None, diagnostics=(found,))
    if has_errors(tally.found):
        return Outcome(value=None, diagnostics=tuple(tally.found))
    data = tally.result(name, relative)
    return Outcome(value=data, diagnostics=_repeats(data, shown))


def folder_digest(folder: Path) -> str:
    """SHA-256 over the names and contents of the files directly inside of a folder, in name order."""
    digest = hashlib.sha256()
    for path in sorted(entry for entry in folder.iterdir() if entry.is_file()):
        digest.update(f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


class _TooLargeError(Exception):
    pass


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise _TooLargeError(f"the file is larger than {MAX_FILE_BYTES:,} bytes")
    with path.open("rb") as stream:
        for number, raw in enumerate(iter(lambda: stream.readline(MAX_ROW_BYTES + 1), b""), start=1):
            if len(raw) > MAX_ROW_BYTES:
                raise _TooLargeError(f"row {number} is larger than {MAX_ROW_BYTES:,} bytes")
            yield number, raw


def _row_problem(shown: str, line: int, problem: "_Problem") -> Diagnostic:
    where = Location(path=shown, line=line, column=problem.column, end_column=problem.column + 1, text=problem.text)
    return diagnostic("CHK203", problem.message, where, hint=problem.hint)


def _repeats(data: DataFile, shown: str) -> tuple[Diagnostic, ...]:
    if not data.repeated:
        return ()
    message = f"data source `{data.name}`: {data.repeated} of {data.rows} rows repeat an earlier row"
    return (diagnostic("CHK211", message, Location(path=shown), hint="remove the repeated rows"),)


@dataclass(frozen=True, slots=True)
class _Problem:
    message: str
    hint: str
    column: int = 1
    text: str = ""


class _Tally:
    """What has been counted of a file so far."""

    def __init__(self, shape: str) -> None:
        self.shape = shape
        self.rows = 0
        self.found: list[Diagnostic] = []
        self._digest = hashlib.sha256()
        self._seen: set[bytes] = set()
        self._counts: Counter[str] = Counter()
        self._models: Counter[str] = Counter()
        self._classes: Counter[str] = Counter()
        self._versions: set[str] = set()
        self._ids: set[str] = set()
        self._prompts: set[str] = set()
        self._clusters: set[str] = set()

    def take(self, raw: bytes) -> _Problem | None:
        """Count one line; what is wrong with it, if anything."""
        self._digest.update(raw)
        row = _parse(raw)
        problem = row if isinstance(row, _Problem) else _shape_problem(row, self.shape) or self._repeated_id(row)
        if isinstance(row, _Problem) or problem:
            return problem
        self.rows += 1
        seen = hashlib.sha256(raw.strip()).digest()
        self._counts["repeated"] += seen in self._seen
        self._seen.add(seen)
        self._notice(row)
        return None

    def _repeated_id(self, row: Row) -> _Problem | None:
        """Evaluations are compared row by row, so each needs an id of its own."""
        if self.shape != "evaluation":
            return None
        name = str(row["id"])
        if name in self._ids:
            return _Problem(f"id `{name}` is used twice", "give each evaluation row an id of its own")
        self._ids.add(name)
        return None

    def _notice(self, row: Row) -> None:
        asked = row.get("prompt", row.get("messages"))
        if asked is not None:
            self._prompts.add(_fingerprint(asked))
        if self.shape == "badcase":
            self._versions.add(str(row.get("prompt_version", "")))
        if "cluster" in row:
            self._clusters.add(str(row["cluster"]))
        if self.shape in _SIDES:
            self._notice_pair(row, *_SIDES[self.shape])
        if self.shape == "badcase":
            self._models.update([str(row.get("model", "unknown"))])
            self._classes.update([str(row.get("class", "undetermined"))])

    def _notice_pair(self, row: Row, good: str, bad: str) -> None:
        right, wrong = _plain_text(row[good]), _plain_text(row.get(bad) or "")
        if not wrong:
            self._counts["unanswered"] += 1
        elif right != wrong:
            self._counts["answered"] += 1
            near = Levenshtein.normalized_distance(right, wrong, score_cutoff=NEAR_DISTANCE) < NEAR_DISTANCE
            self._counts["near"] += near

    def result(self, name: str, path: str) -> DataFile:
        """Everything counted, frozen."""
        return DataFile(
            name=name,
            path=path,
            sha256=self._digest.hexdigest(),
            rows=self.rows,
            answered=self._counts["answered"],
            unanswered=self._counts["unanswered"],
            near=self._counts["near"],
            repeated=self._counts["repeated"],
            prompt_versions=tuple(sorted(self._versions)),
            models=tuple(sorted(self._models.items())),
            classes=tuple(sorted(self._classes.items())),
            prompts=frozenset(self._prompts),
            clusters=frozenset(self._clusters),
        )


def _fingerprint(asked: Any) -> str:
    """What a user asks, whatever its shape and spacing, so that the same question is known again elsewhere."""
    turns = [asked] if isinstance(asked, str) else [turn["content"] for turn in asked if turn["role"] == "user"]
    return hashlib.sha256(" ".join(" ".join(turns).split()).encode()).hexdigest()


def _plain_text(value: object) -> str:
    """Text of a plain or conversational field, the turns one after the other."""
    return value if isinstance(value, str) else "\n".join(f"{turn['role']}: {turn['content']}" for turn in value)  # type: ignore[attr-defined]


def _parse(raw: bytes) -> Row | _Problem:
    try:
        text = raw.decode("utf-8-sig").strip()
        if not text:
            return _Problem("the row is empty", "remove the empty line")
        row = json.loads(text, parse_constant=_no_constant)
        if "\\ud" in text.lower():
            json.dumps(row, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        return _Problem(f"the row is not utf-8 text (byte {error.start})", "save the file as utf-8")
    except UnicodeEncodeError:
        return _Problem("the row holds a lone surrogate", "write the character as utf-8, or as a pair of escapes")
    except json.JSONDecodeError as error:
        hint = "write one json object a line"
        return _Problem(
            f"the row is not json: {error.msg.lower()}", hint, column=error.colno, text=text if len(text) < 500 else ""
        )
    except (RecursionError, ValueError) as error:
        return _Problem(f"the row cannot be read as json: {type(error).__name__}", "write one flat json object a line")
    return row if isinstance(row, dict) else _Problem("the row is not a json object", "write one json object a line")


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


ROLES = {"system", "user", "assistant", "tool"}
CLASSES = {"critical", "high-frequency", "sporadic", "systemic", "flow-control", "undetermined"}


def _is_turns(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(turn, dict) and turn.get("role") in ROLES and _is_text(turn.get("content")) for turn in value
        )
    )


def _is_content(value: object) -> bool:
    return _is_text(value) or _is_turns(value)


Check = tuple[Callable[[object], bool], str]
_TEXT: Check = (_is_text, "text that is not empty")
_TURNS: Check = (_is_turns, "a list of turns with `role` and `content`")
_CONTENT: Check = (_is_content, "text, or a list of turns with `role` and `content`")
_LABEL: Check = (lambda value: isinstance(value, bool), "true or false")
_CLASS: Check = (
    lambda value: value is None or value in CLASSES if isinstance(value, str | None) else False,
    f"one of {', '.join(f'`{name}`' for name in sorted(CLASSES))}, or left out",
)
_OPTIONAL_TEXT: Check = (
    lambda value: value is None or isinstance(value, str),
    "text, or nothing where no answer was logged",
)

# what a row of each shape must hold, beside what it may (TRL's dataset formats, and two of ours: badcase, evaluation)
SHAPES: dict[str, dict[str, Check]] = {
    "prompt-completion": {"prompt": _CONTENT, "completion": _CONTENT},
    "messages": {"messages": _TURNS},
    "preference": {"prompt": _CONTENT, "chosen": _CONTENT, "rejected": _CONTENT},
    "unpaired-preference": {"prompt": _CONTENT, "completion": _CONTENT, "label": _LABEL},
    "badcase": {"id": _TEXT, "prompt": _CONTENT, "fix": _TEXT, "answer": _OPTIONAL_TEXT, "class": _CLASS},
    "evaluation": {"id": _TEXT, "prompt": _CONTENT, "reference": _TEXT},
    "text": {"text": _TEXT},
}
_SIDES = {"badcase": ("fix", "answer"), "preference": ("chosen", "rejected")}


def _shape_problem(row: Row, shape: str) -> _Problem | None:
    for column, (fits, expected) in SHAPES[shape].items():
        if not fits(row.get(column)):
            state = "should be" if column in row else "is missing: it should be"
            names = ", ".join(f"`{name}`" for name in SHAPES[shape])
            return _Problem(f"`{column}` {state} {expected}", f"a `{shape}` row holds {names}")
    return None
