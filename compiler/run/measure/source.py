"""Measure what a card holds but compiling does not need: columns, tokens, near duplicates, languages, PII."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from compiler.run.measure.detect import kinds_in, language_of
from compiler.run.measure.tokens import Counter as TokenCounter
from compiler.spec.data.model import MAX_SHOWN_ROWS, Lengths, RowPair
from compiler.spec.data.near import Duplicates
from compiler.spec.data.shapes import is_conversational
from compiler.spec.data.tally import lengths_of
from compiler.spec.data.texts import Row, content_digest
from runtime.contract.data.shapes import SHAPES
from runtime.contract.data.turns import turns_fault
from runtime.contract.leakage.questions import question_of

BATCH = 256
MAX_COLUMNS = 200


class Measurement:
    """Running measurements of a source."""

    def __init__(self, shape: str, tokens: TokenCounter | None, model: str) -> None:
        self.shape = shape
        self.conversational = False
        self.near = 0
        self.near_rows: list[RowPair] = []
        self.languages: Counter[str] = Counter()
        self.pii: defaultdict[str, list[str]] = defaultdict(list)
        self.pii_rows: Counter[str] = Counter()
        self.columns: defaultdict[str, set[str]] = defaultdict(set)
        self.column_rows: Counter[str] = Counter()
        self._tokens = tokens
        self._model = model
        self._duplicates = Duplicates()
        self._seen: set[bytes] = set()
        self._waiting: list[tuple[list[str], str]] = []
        self._sizes: Counter[int] = Counter()
        self._longest: list[tuple[int, str]] = []

    def watch(self, row: Row, texts: list[str], name: str) -> None:
        """Measure one row; `texts` are the texts of its columns."""
        self.conversational = is_conversational(row)
        self._count_columns(row)
        self._count_duplicate(row, texts, name)
        whole = "\n".join(texts)
        self.languages[language_of(question_of(row) or whole)] += 1
        for kind in kinds_in(whole):
            self.pii_rows[kind] += 1
            if len(self.pii[kind]) < MAX_SHOWN_ROWS:
                self.pii[kind].append(name)
        if self._tokens is not None:
            self._waiting.append((texts, name))
            if len(self._waiting) == BATCH:
                self._count_tokens()

    def lengths(self) -> Lengths | None:
        """Return lengths in tokens; None without a tokenizer."""
        if self._tokens is None:
            return None
        self._count_tokens()
        longest = [(name, size) for size, name in self._longest]
        return lengths_of(self._sizes, longest, "tokens", self._model)

    def _count_columns(self, row: Row) -> None:
        for column, value in row.items():
            if value is not None and value != "" and (column in self.columns or len(self.columns) < MAX_COLUMNS):
                self.columns[column].add(type_of(value))
                self.column_rows[column] += 1

    def _count_duplicate(self, row: Row, texts: list[str], name: str) -> None:
        key = content_digest(row, texts)
        if key in self._seen:  # an exact duplicate, counted elsewhere
            return
        self._seen.add(key)
        earlier = self._duplicates.earlier("\n".join(texts), name)
        if earlier:
            self.near += 1
            if len(self.near_rows) < MAX_SHOWN_ROWS:
                self.near_rows.append(RowPair(kind="near", here=name, there=earlier))

    def _count_tokens(self) -> None:
        if self._tokens is None or not self._waiting:
            return
        counts = iter(self._tokens.count([text for texts, _ in self._waiting for text in texts]))
        for texts, name in self._waiting:
            size = _sequence_size([next(counts) for _ in texts], self.shape)
            self._sizes[size] += 1
            self._longest.append((size, name))
        self._longest = sorted(self._longest, key=lambda each: -each[0])[:MAX_SHOWN_ROWS]
        self._waiting = []


def _sequence_size(sizes: Sequence[int], shape: str) -> int:
    return sizes[0] + max(sizes[1:]) if SHAPES[shape].sides else sum(sizes)


def type_of(value: object) -> str:
    """Return the type of a column's value, as cards name it."""
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "list" if turns_fault(value) else "turns"
    return "object"
