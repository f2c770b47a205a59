"""Compares the rows of a source with the questions of an evaluation source, while both are read once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from compiler.spec.data.contained import MIN_QUOTED, Contained
from compiler.spec.data.model import MAX_SHOWN_ROWS, DataFile, RowPair, Shared
from compiler.spec.data.normal import marks, normal, weight
from compiler.spec.data.texts import Row, asked_turns, question_of, user_turns
from compiler.spec.schema.training_spec import DataSource
from compiler.spec.schema.types import Shape

if TYPE_CHECKING:
    from compiler.spec.data.reworded import Rewordings

MIN_TEMPLATE_ROWS, MIN_TEMPLATE = 5, 12  # questions, and the weight of what they all begin or end with
MIN_LAST_TURN = 16  # weight of the last of several turns to count as a question without the others
_DIGITS = "0123456789"
MAX_COMPARED_ROWS = 200_000  # rows of a source whose question is compared with similar ones


class HeldOut:
    """Questions of an evaluation source. All are added before the first row of another source is compared."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, str, str]] = []
        self._forms: set[str] = set()
        self._others: dict[str, None] = {}
        self.before = self.after = ""

    def watch(self, row: Row, _: list[str], place: str) -> None:
        """Add the question of a row."""
        turns, question = user_turns(row), question_of(row)
        if not question:
            return
        last = normal(turns[-1]) if len(turns) > 1 else ""
        self._rows.append((normal(question), question, last if weight(last) >= MIN_LAST_TURN else "", place))

    def build(self) -> "tuple[Contained, Rewordings]":
        """Return the indexes of the questions, without the template that all share."""
        from compiler.spec.data.reworded import Rewordings  # needs rapidfuzz, which takes long to import

        forms = [form for form, *_ in self._rows]
        self._forms = set(forms)
        if len(self._forms) >= MIN_TEMPLATE_ROWS:
            self.before = _template(_shared_start(forms).rstrip(_DIGITS))
            from_end = [form[len(self.before) :][::-1] for form in forms]
            self.after = _template(_shared_start(from_end)[::-1].lstrip(_DIGITS))
        contained, rewordings = Contained(), Rewordings(self._others)
        for form, question, last, place in self._rows:
            core = self.core(form)
            for each in (form, core, last):
                contained.add(each, place)
            rewordings.add(core, marks(question), place)
        return contained, rewordings

    def core(self, form: str) -> str:
        """Return a normal form without the template of this source."""
        return form.removeprefix(self.before).removesuffix(self.after)

    def has(self, form: str) -> bool:
        """Whether the normal form is that of a question."""
        return form in self._forms


class Comparison:
    """What the rows of one source share with one evaluation source, beside equal questions."""

    def __init__(self, held_out: HeldOut) -> None:
        self._held_out = held_out
        self._contained, self._rewordings = held_out.build()
        self._rows = 0
        self._found: list[RowPair] = []
        self._quoted: list[RowPair] = []

    def watch(self, row: Row, texts: list[str], place: str) -> None:
        """Compare one row."""
        question = question_of(row)
        form = normal(question)
        if self._held_out.has(form):  # equal questions are counted by their digests
            return
        if (not form or not self._asks(row, question, form, place)) and self._rows <= MAX_COMPARED_ROWS:
            self._quotes(texts, place)

    def _asks(self, row: Row, question: str, form: str, place: str) -> bool:
        """Compare the question of one row; return whether it contains one."""
        there = next(filter(None, map(self._contained.as_turn, user_turns(row))), "")
        there = there or next(filter(None, map(self._contained.inside, asked_turns(row))), "")
        self._rows += 1
        if there:
            self._found.append(RowPair(kind="contained", here=place, there=there))
        elif self._rows <= MAX_COMPARED_ROWS:
            self._rewordings.compare(self._held_out.core(form), question, place)
        return bool(there)

    def _quotes(self, texts: list[str], place: str) -> None:
        """Look for questions in documents, passages, results of tools and answers."""
        inside = (self._contained.inside(text, least=MIN_QUOTED) for text in texts)
        if there := next(filter(None, inside), ""):
            self._quoted.append(RowPair(kind="quoted", here=place, there=there))

    def found(self) -> list[RowPair]:
        """Return the rows that contain a question, those that are nearly one, and those that quote one."""
        near = [RowPair(kind="near", here=each.here, there=each.there) for each in self._rewordings.result()]
        return [*self._found, *near, *self._quoted]

    def result(self, held_out: DataFile) -> Shared:
        """Return what was found; `held_out` are the figures of the evaluation source."""
        found = self.found()
        contained = [each for each in found if each.kind == "contained"]
        near = [each for each in found if each.kind == "near"]
        return Shared(
            name=held_out.name,
            sha256=held_out.sha256,
            contained=len(contained),
            near=len(near),
            quoted=len(self._quoted),
            rows=(*contained[:MAX_SHOWN_ROWS], *near[:MAX_SHOWN_ROWS], *self._quoted[:MAX_SHOWN_ROWS]),
        )


class Watcher:
    """Reads one source beside its tally: questions of an evaluation source, or rows that are compared with them.

    `held_out` collects the evaluation sources that were read; `files` are the figures of all sources that were read.
    """

    def __init__(self, source: DataSource, held_out: dict[str, HeldOut], files: Mapping[str, DataFile]) -> None:
        self._files = files
        self._comparisons: list[tuple[str, Comparison]] = []
        self._takes: list[Callable[[Row, list[str], str], None]] = []
        if is_evaluation(source):
            held_out[source.name] = HeldOut()
            self._takes = [held_out[source.name].watch]
        else:
            self._comparisons = [(name, Comparison(each)) for name, each in held_out.items() if name in files]
            self._takes = [each.watch for _, each in self._comparisons]

    def watch(self, row: Row, texts: list[str], place: str) -> None:
        """Take one row."""
        for take in self._takes:
            take(row, texts, place)

    def result(self, file: DataFile) -> DataFile:
        """Return the figures of the source with what it shares with evaluation sources."""
        return replace(file, shared=tuple(each.result(self._files[name]) for name, each in self._comparisons))


def is_evaluation(source: DataSource) -> bool:
    """Whether the source is for evaluation."""
    return source.shape is Shape.EVALUATION


def may_leak(source: DataSource) -> bool:
    """Whether the source can ask evaluation questions; a corpus asks none, but may quote them."""
    return not is_evaluation(source) and source.shape is not Shape.TEXT


def _shared_start(texts: list[str]) -> str:
    """Return what all texts begin with."""
    first, last = min(texts), max(texts)
    return first[: next((at for at, pair in enumerate(zip(first, last, strict=False)) if len({*pair}) > 1), len(first))]


def _template(shared: str) -> str:
    """Return what all questions share, if it is long enough to be a template."""
    return shared if weight(shared) >= MIN_TEMPLATE else ""
