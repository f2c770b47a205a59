"""Few-shot candidates: several choices of worked examples, from fixed badcases and demonstrations.

The choice is that of DSPy's LabeledFewShot (random labelled examples by seed), with half of the examples from rows that
the current prompt answers wrongly.
"""

from collections.abc import Iterator, Sequence
from itertools import count, islice

from runtime.data.questions import Question
from runtime.make.prompts.draft import Draft, Shot, is_one_turn, shot_of
from runtime.make.prompts.splits import kind_of, of_kinds, ordered

SIZES = (4, 2, 8)
LONGEST = 1500  # characters of an example: longer ones cost more than they teach


def few_shot(
    draft: Draft, rows: Sequence[Question], failing: Sequence[Question], kinds: Sequence[str]
) -> Iterator[Draft]:
    """Yield prompts with other examples, without end; nothing if no row is short enough.

    Examples of conversations of one turn are turns in every first of two choices, and text in the other.
    """
    usable = [each for each in rows if _fits(shot_of(each))]
    if not usable:
        return
    wanted = of_kinds(usable, kinds)
    wrong = {id(each) for each in failing}
    can_be_turns = all(is_one_turn(each.prompt) for each in usable)
    for number in count():
        size = min(SIZES[number // 2 % len(SIZES)], len(usable))
        chosen = _chosen(wanted, usable, wrong, size, number)
        shots = tuple(shot_of(each) for each in chosen)
        in_turns = can_be_turns and number % 2 == 0
        origin = f"{len(shots)} examples{' as turns' * in_turns}, choice {number + 1}"
        yield draft.changed("few-shot", origin, shots=shots, in_turns=in_turns)


def _chosen(
    wanted: Sequence[Question], usable: Sequence[Question], wrong: set[int], size: int, number: int
) -> list[Question]:
    """Return `size` rows: of each kind in turn, wrongly answered ones first in every second place."""
    mixed = ordered(wanted, lambda each: f"{number} {each.row['id']} {shot_of(each).question}")
    failing, others = ([each for each in mixed if (id(each) in wrong) is is_wrong] for is_wrong in (True, False))
    rest = [each for each in usable if not any(each is one for one in wanted)]
    rest = ordered(rest, lambda each: f"{number} {shot_of(each).question}")
    pool = _by_kind(failing)[: (size + 1) // 2]
    pool += [each for each in [*_by_kind(others), *_by_kind(failing), *rest] if not any(each is one for one in pool)]
    # the examples that matter most come last, next to the question
    return list(reversed(pool[:size]))


def _by_kind(rows: Sequence[Question]) -> list[Question]:
    """Return the rows, one of each kind in turn."""
    groups: dict[str, list[Question]] = {}
    for each in rows:
        groups.setdefault(kind_of(each), []).append(each)
    turns = max((len(group) for group in groups.values()), default=0)
    return [group[turn] for turn in range(turns) for group in groups.values() if turn < len(group)]


def _fits(shot: Shot) -> bool:
    return bool(shot.question and shot.answer) and len(shot.question) + len(shot.answer) <= LONGEST


def first(drafts: Iterator[Draft], most: int, known: set[str], tries: int = 64) -> list[Draft]:
    """Return at most `most` usable drafts whose texts are new; they join `known`."""
    found: list[Draft] = []
    for draft in islice(drafts, tries):
        if len(found) == most:
            break
        text = draft.text
        if draft.is_usable and text not in known:
            known.add(text)
            found.append(draft)
    return found
