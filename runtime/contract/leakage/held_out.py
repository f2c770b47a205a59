"""Compares questions with those of an evaluation source; both are read once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from runtime.contract.leakage.contained import MIN_QUOTED, Contained
from runtime.contract.leakage.normal import marks, normal, weight
from runtime.contract.leakage.questions import Row, asked_turns, question_of, user_turns

if TYPE_CHECKING:
    from runtime.contract.leakage.reworded import Rewordings

MIN_TEMPLATE_ROWS, MIN_TEMPLATE = 5, 12  # questions, and the weight of what they all begin or end with
MIN_LAST_TURN = 16  # weight of the last of several turns to count as a question without the others
_DIGITS = "0123456789"
MAX_COMPARED_ROWS = 200_000  # rows of a source whose question is compared with similar ones


@dataclass(frozen=True, kw_only=True, slots=True)
class Leak:
    """A row that has a question of an evaluation source.

    It asks the whole question in other text (`contained`), asks nearly the same (`near`), or quotes it in a text that
    asks nothing (`quoted`).
    """

    kind: Literal["contained", "near", "quoted"]
    here: str
    there: str


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
        from runtime.contract.leakage.reworded import Rewordings  # needs rapidfuzz, which takes long to import

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
        self._found: list[Leak] = []
        self._quoted: list[Leak] = []

    def watch(self, row: Row, texts: list[str], place: str) -> None:
        """Compare one row; `texts` are all its texts."""
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
            self._found.append(Leak(kind="contained", here=place, there=there))
        elif self._rows <= MAX_COMPARED_ROWS:
            self._rewordings.compare(self._held_out.core(form), question, place)
        return bool(there)

    def _quotes(self, texts: list[str], place: str) -> None:
        """Look for questions in documents, passages, results of tools and answers."""
        inside = (self._contained.inside(text, least=MIN_QUOTED) for text in texts)
        if there := next(filter(None, inside), ""):
            self._quoted.append(Leak(kind="quoted", here=place, there=there))

    def found(self) -> list[Leak]:
        """Return the rows that contain a question, those that are nearly one, and those that quote one."""
        near = [Leak(kind="near", here=each.here, there=each.there) for each in self._rewordings.result()]
        return [*self._found, *near, *self._quoted]


def _shared_start(texts: list[str]) -> str:
    """Return what all texts begin with."""
    first, last = min(texts), max(texts)
    return first[: next((at for at, pair in enumerate(zip(first, last, strict=False)) if len({*pair}) > 1), len(first))]


def _template(shared: str) -> str:
    """Return what all questions share, if it is long enough to be a template."""
    return shared if weight(shared) >= MIN_TEMPLATE else ""
