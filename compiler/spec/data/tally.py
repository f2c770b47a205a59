"""Counts over the rows of one source, in one pass."""

from collections import Counter
from collections.abc import Callable
from heapq import heappushpop

from compiler.spec.data.errors import Problem
from compiler.spec.data.labels import classes_of, labels_counted
from compiler.spec.data.model import MAX_SHOWN_ROWS, PLACES_PER_FILE, DataFile, Lengths
from compiler.spec.data.shapes import is_conversational
from compiler.spec.data.texts import Row, answer_of, content_digest, digest, plain
from compiler.spec.files import showable
from runtime.contract.data.file_formats import row_place
from runtime.contract.data.labels import Labels, labels_of
from runtime.contract.data.shapes import SHAPES, SYNTHETIC, TEXT_COLUMNS, TURN_COLUMNS
from runtime.contract.data.turns import is_judged
from runtime.contract.leakage.normal import normal
from runtime.contract.leakage.questions import question_of

Distance = Callable[[str, str, float], float]
Parts = tuple[tuple[str, str], ...]

MAX_LABEL = 200
MAX_COMPARED = 20_000  # characters of each answer of a pair: the time of a comparison grows with the product


class Tally:
    """Counts of a source so far."""

    def __init__(self, shape: str, near_distance: float) -> None:
        self.shape = shape
        self.rows = 0
        self._columns = TEXT_COLUMNS[shape]
        self._taught = SHAPES[shape].taught
        self._sides = SHAPES[shape].sides
        self._near_distance = near_distance
        self._parts: list[tuple[str, str]] = []
        self._bytes = 0
        self._counts: Counter[str] = Counter()
        self._models: Counter[str] = Counter()
        self._labels: dict[Labels, Counter[str]] = {}
        self._sizes: Counter[int] = Counter()
        self._longest: list[tuple[int, int]] = []
        self._same: list[int] = []
        self._synthetic: list[int] = []
        self._versions: set[str] = set()
        self._ids: set[str] = set()
        self._seen: set[bytes] = set()
        self._prompts: dict[bytes, int] = {}
        self._clusters: dict[bytes, int] = {}
        self._targets: dict[bytes, int] = {}
        self._failures: dict[bytes, int] = {}
        self._turns: bool | None = None
        self._distance = _distance() if self._sides else None

    def begin(self, path: str) -> None:
        """Begin the rows of a file."""
        self._parts.append((path, ""))

    def end(self, sha256: str, size: int) -> None:
        """End the rows of the file, whose digest covers `size` bytes."""
        self._parts[-1] = (self._parts[-1][0], sha256)
        self._bytes += size

    def take(self, number: int, row: Row) -> Problem | list[str]:
        """Count a native row. Return how it does not fit the others, or the texts of its `TEXT_COLUMNS`."""
        problem = self._mismatch(row)
        if problem:
            return problem
        self.rows += 1
        place = (len(self._parts) - 1) * PLACES_PER_FILE + number
        texts = [plain(row.get(column)) for column in self._columns]
        self._measure(texts, row, place)
        self._note_digests(row, place)
        self._note_origin(row, place)
        counted = self._compare(row, place)
        if self.shape == "badcase":
            self._versions.add(_label(row.get("prompt_version"), ""))
            self._models[_label(row.get("model"), "unknown")] += 1
            self._labels.setdefault(labels_of(row), Counter()).update(("rows", *counted))
        elif self.shape == "unpaired-preference":
            self._counts["desirable"] += row["label"]
        elif self.shape == "messages":
            self._count_steps([turn for turn in row["messages"] if turn["role"] == "assistant"])
        return texts

    def _mismatch(self, row: Row) -> Problem | None:
        """Return how a row does not fit the rows before it, if it does not.

        Evaluations are compared row by row, so ids are unique; trainers read all rows in the form of the first.
        """
        if self.shape == "evaluation":
            name = str(row["id"])
            if name in self._ids:
                return Problem(f"id `{name}` is used twice", "give each evaluation row a unique id")
            self._ids.add(name)
        turns = is_conversational(row)
        if self._turns is None:
            self._turns = turns
        if turns is not self._turns:
            forms = ("turns", "text") if turns else ("text", "turns")
            message = f"the row is written as {forms[0]}, but the rows before it as {forms[1]}"
            return Problem(message, "write all rows of a source in one form")
        return None

    def _measure(self, texts: list[str], row: Row, place: int) -> None:
        sizes = [len(text.encode()) for text in texts]
        size = sizes[0] + max(sizes[1:]) if self._sides else sum(sizes)
        self._sizes[size] += 1
        entry = (size, -place)
        if len(self._longest) < MAX_SHOWN_ROWS:
            self._longest.append(entry)
            self._longest.sort()
        elif entry > self._longest[0]:
            heappushpop(self._longest, entry)
        content = content_digest(row, texts)
        self._counts["repeated"] += content in self._seen
        self._seen.add(content)

    def _note_digests(self, row: Row, place: int) -> None:
        """Note the digests that are compared with other sources."""
        cluster = row.get("cluster")
        if cluster is not None and cluster != "":
            self._clusters.setdefault(digest(str(cluster)), place)
        else:
            self._counts["unclustered"] += 1
        question = normal(question_of(row))
        if not question:
            return
        self._prompts.setdefault(digest(question), place)
        if self._taught:
            self._targets.setdefault(digest(question, answer_of(row[self._taught])), place)
        elif self.shape == "badcase" and (wrong := answer_of(row.get("answer"))) and wrong != answer_of(row["fix"]):
            self._failures.setdefault(digest(question, wrong), place)

    def _note_origin(self, row: Row, place: int) -> None:
        """Count a row that says that a model wrote it."""
        if row.get(SYNTHETIC) in (True, "true", "True"):
            self._counts["synthetic"] += 1
            if len(self._synthetic) < MAX_SHOWN_ROWS:
                self._synthetic.append(place)

    def _compare(self, row: Row, place: int) -> tuple[str, ...]:
        """Count the pair of a row; return the counts that its labels share."""
        if self._sides is None or self._distance is None:
            return ()
        right, wrong = (plain(row.get(side)) for side in self._sides)
        counted: tuple[str, ...] = ()
        if not wrong.strip():
            self._counts["unanswered"] += 1
        elif right.strip() == wrong.strip():
            self._counts["same"] += 1
            if len(self._same) < MAX_SHOWN_ROWS:
                self._same.append(place)
        else:
            limit = self._near_distance
            near = self._distance(right[:MAX_COMPARED], wrong[:MAX_COMPARED], limit) < limit
            counted = ("answered", "near") if near else ("answered",)
        self._counts.update(counted)
        return counted

    def _count_steps(self, steps: list[Row]) -> None:
        """Count a conversation with several turns of the assistant."""
        if len(steps) > 1:
            self._counts["trajectories"] += 1
            self._counts["judged"] += any(is_judged(turn) for turn in steps)

    def result(self, *, name: str, path: str, uri: str | None, sha256: Callable[[Parts], str]) -> DataFile:
        """Return all counts; `sha256` computes the source's digest from those of its files."""
        parts = tuple(self._parts)
        labels = labels_counted(self._labels)
        return DataFile(
            name=name,
            path=path,
            uri=uri,
            size=self._bytes,
            sha256=sha256(parts),
            rows=self.rows,
            answered=self._counts["answered"],
            unanswered=self._counts["unanswered"],
            near=self._counts["near"],
            same=self._counts["same"],
            repeated=self._counts["repeated"],
            prompt_versions=tuple(sorted(self._versions)),
            models=tuple(sorted(self._models.items())),
            classes=classes_of(labels),
            labels=labels,
            trajectories=self._counts["trajectories"],
            judged=self._counts["judged"],
            unclustered=self._counts["unclustered"],
            synthetic=self._counts["synthetic"],
            synthetic_rows=tuple(self._name(place) for place in self._synthetic),
            conversational=self._turns if TURN_COLUMNS[self.shape] else None,
            desirable=self._counts["desirable"] if self.shape == "unpaired-preference" else None,
            text_bytes=sum(size * count for size, count in self._sizes.items()) if self.shape == "text" else 0,
            lengths=lengths_of(self._sizes, [(self._name(-place), size) for size, place in self._longest], "bytes"),
            same_rows=tuple(self._name(place) for place in self._same),
            prompts=self._prompts,
            clusters=self._clusters,
            targets=self._targets,
            failures=self._failures,
            parts=parts,
        )

    def _name(self, place: int) -> str:
        return row_place(self._parts[place // PLACES_PER_FILE][0], place % PLACES_PER_FILE)


def lengths_of(sizes: Counter[int], longest: list[tuple[str, int]], unit: str, tokenizer: str | None = None) -> Lengths:
    """Return the percentiles of at least one counted length."""
    ordered = sorted(sizes.items())
    total = sizes.total()

    def percentile(percent: int) -> int:
        rank = -(-total * percent // 100)
        for size, count in ordered:
            rank -= count
            if rank <= 0:
                return size
        return ordered[-1][0]

    return Lengths(
        unit=unit,
        p50=percentile(50),
        p90=percentile(90),
        p99=percentile(99),
        max=ordered[-1][0],
        longest=tuple(sorted(longest, key=lambda each: -each[1])),
        tokenizer=tokenizer,
    )


def _label(value: object, otherwise: str) -> str:
    """Return a label as plans and cards show it: bounded, and without control characters."""
    return showable(str(value)[:MAX_LABEL]) if value else otherwise


def _distance() -> Distance:
    from rapidfuzz.distance import Levenshtein

    return lambda one, other, limit: Levenshtein.normalized_distance(one, other, score_cutoff=limit)
