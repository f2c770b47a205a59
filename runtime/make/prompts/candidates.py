"""The candidates of a round: each technique that the classes of the badcases ask for, in turn."""

from collections.abc import Callable, Iterator, Sequence

from runtime.contract.prompting import PromptWork, TechniquesBlock
from runtime.data.questions import Question
from runtime.make.prompts.draft import Draft
from runtime.make.prompts.few_shot import few_shot, first
from runtime.make.prompts.rules import rules
from runtime.make.prompts.structures import structures

Reflect = Callable[[Draft, Sequence[Question]], list[Draft]]
_BY_DEFAULT = TechniquesBlock.model_validate({"few-shot": [], "rules": []})


def candidates(
    draft: Draft,
    rows: Sequence[Question],
    failing: Sequence[Question],
    work: PromptWork,
    known: set[str],
    reflect: Reflect | None = None,
) -> list[Draft]:
    """Return at most `work.candidates` new changes of a prompt; their texts join `known`.

    `rows` are those to write candidates from, `failing` those of them that the prompt answers wrongly. Without classes
    of badcases, examples and rules are tried. `reflect` writes rules, or a new text, from the failures; derived rules
    fill what it leaves.
    """
    techniques = work.techniques
    if techniques == TechniquesBlock():
        techniques = _BY_DEFAULT
    makers: list[Iterator[Draft]] = []
    if techniques.few_shot is not None:
        makers.append(few_shot(draft, rows, failing, techniques.few_shot))
    if techniques.rules is not None or reflect is not None:
        makers.append(_rules(draft, rows, techniques.rules or [], reflect))
    if techniques.restructure is not None:
        makers.append(structures(draft))
    found: list[Draft] = []
    while makers and len(found) < work.candidates:
        for maker in list(makers):
            new = first(maker, 1, known)
            if not new:
                makers.remove(maker)
            found += new
            if len(found) == work.candidates:
                break
    return found


def _rules(draft: Draft, rows: Sequence[Question], kinds: Sequence[str], reflect: Reflect | None) -> Iterator[Draft]:
    if reflect is not None:
        yield from reflect(draft, rows)
    yield from rules(draft, rows, kinds)
