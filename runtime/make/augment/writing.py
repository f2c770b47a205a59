"""Questions and answers that the writer makes of units, each answered a second time from its passages."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from runtime.contract.augmentation import AugmentWork
from runtime.data.rows import Source
from runtime.make.augment.asking import Asker
from runtime.make.augment.chunks import Chunk, language_of, tokens_in
from runtime.make.augment.keep import AGREEMENT, Questions, Written, agreement, fault_of, leaked
from runtime.make.augment.parse import answer_of, pair_of
from runtime.make.augment.prompts import turns_of
from runtime.make.augment.units import Unit
from runtime.model.answering.request import Request

MAX_PASSAGES = 4  # of one question
LEAST_WAVE = 8  # units that are written at once, though fewer rows are missing
# units for each open request that are written at once where money is limited: it may end before they are answered
PAID_WAVE = 4


@dataclass(kw_only=True, slots=True)
class Rows:
    """The kept pairs, and the counts of the others by reason.

    `answered` are pairs with a second answer, `agreed` those whose answers agree. `leaks` are by kind.
    """

    kept: list[Written] = field(default_factory=list)
    written: int = 0
    answered: int = 0
    agreed: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    leaks: Counter[str] = field(default_factory=Counter)


class Writing:
    """Writes rows until there are enough, or units or the budget end."""

    def __init__(
        self, asker: Asker, chunks: Sequence[Chunk], held_out: Sequence[Source], work: AugmentWork, context: int | None
    ) -> None:
        self._asker = asker
        self._chunks: Mapping[str, Chunk] = {each.name: each for each in chunks}
        self._held_out = held_out
        self._work = work
        room = work.chunk_tokens * MAX_PASSAGES
        # estimates of tokens are rough, and the prompt has words of its own
        self._room = room if context is None else min(room, (context - work.max_new_tokens) * 2 // 3)
        self._questions = Questions()

    def rows(self, units: Iterator[Unit]) -> Rows:
        """Return the rows of as many units as needed."""
        rows = Rows()
        work = self._work
        most = work.max_rows if work.budget.usd is None else PAID_WAVE * work.concurrency
        while missing := work.max_rows - len(rows.kept):
            # each unit takes two calls: none is written that could not be answered
            wave = list(islice(units, min(max(missing, LEAST_WAVE), most, self._asker.left // 2)))
            if not wave:
                break
            written = self._new(self._write(wave, rows), rows)
            answerable = self._answerable(written, rows)
            rows.kept += answerable[:missing]
            rows.dropped["more than `max_rows`"] += len(answerable[missing:])
            found = leaked([each.question for each in rows.kept], self._held_out)
            rows.kept = [each for at, each in enumerate(rows.kept) if at not in found]
            rows.leaks.update(found.values())
        return rows

    def _write(self, units: Sequence[Unit], rows: Rows) -> list[Written]:
        requests = [self._request(self._prompt(unit)) for unit in units]
        pairs = self._asker.ask(requests, pair_of)
        rows.written += sum(pair is not None for pair in pairs)
        return [
            Written(unit=unit, question=pair.value[0], answer=pair.value[1], calls=(pair.key,))
            for unit, pair in zip(units, pairs, strict=True)
            if pair is not None
        ]

    def _new(self, written: Sequence[Written], rows: Rows) -> list[Written]:
        """Return the pairs without a fault whose questions are new."""
        new = []
        for each in written:
            fault = fault_of(each, self._passages(each.unit)) or self._questions.fault(each.question, each.unit)
            rows.dropped[fault] += bool(fault)
            if not fault:
                new.append(each)
        return new

    def _answerable(self, written: Sequence[Written], rows: Rows) -> list[Written]:
        """Return the pairs whose second answer, from the passages alone, agrees with the first."""
        requests = [self._request(self._question_prompt(each)) for each in written]
        kept = []
        for each, second in zip(written, self._asker.ask(requests, answer_of), strict=True):
            if second is None:
                rows.dropped["without a second answer"] += 1
                continue
            rows.answered += 1
            if not second.value:
                rows.dropped["not answerable from its passages"] += 1
            elif agreement(each.answer, second.value) < AGREEMENT[each.unit.kind]:
                rows.dropped["answered otherwise from its passages"] += 1
            else:
                rows.agreed += 1
                calls = (*each.calls, second.key)
                kept.append(Written(unit=each.unit, question=each.question, answer=each.answer, calls=calls))
        return kept

    def _prompt(self, unit: Unit) -> list[dict[str, str]]:
        facts = "\n".join(f"- {statement}" for fact in unit.facts for statement in fact.statements)
        return turns_of(language_of(unit.facts[0].text), unit.kind.replace("-", "_"), facts=facts)

    def _question_prompt(self, written: Written) -> list[dict[str, str]]:
        passages, question = self._passages(written.unit), written.question
        return turns_of(language_of(question), "answer", passage=passages, question=question)

    def _passages(self, unit: Unit) -> str:
        """Return the passages of a unit, as many as there is room for, the first one always."""
        texts: list[str] = []
        for name in unit.chunks[:MAX_PASSAGES]:
            text = self._chunks[name].text
            if texts and tokens_in("".join(texts)) + tokens_in(text) > self._room:
                break
            texts.append(text)
        return "\n\n".join(texts)

    def _request(self, turns: list[dict[str, str]]) -> Request:
        return Request(prompt=turns, max_new_tokens=self._work.max_new_tokens)
