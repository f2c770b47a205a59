"""The augmentation stage: its settings, its budget, and the questions that it must not write."""

from collections.abc import Iterator

from compiler.plan.draft import Draft
from compiler.plan.model import Setting
from compiler.plan.settings import teacher_limits
from compiler.spec.inputs import Inputs
from compiler.spec.schema.types import Purpose

FACTS_PER_PASSAGE = 8  # of a passage of 512 tokens
BYTES_PER_TOKEN = 4  # of text in scripts with spaces; Chinese takes three a token
SLACK = 1.5  # unusable replies are asked for again

Table = dict[str, Setting]


def with_augmentation(draft: Draft, table: Table) -> Table:
    """Apply the spec's settings, and add the form of rows, the limits of the writer, and the budget."""
    if draft.choice.method != "augment":
        return table
    own = draft.inputs.spec.spec.augmentation
    chosen = own.model_dump(include={"kinds", "max_rows"}, exclude_none=True) if own else {}
    if "kinds" in chosen:
        chosen["kinds"] = list(dict.fromkeys(chosen["kinds"]))
    paths = {"kinds": "spec.augmentation.kinds", "max_rows": "spec.augmentation.maxRows"}
    table = table | {name: _setting(name, value, paths[name]) for name, value in chosen.items()}
    table |= {each.name: each for each in (*_limits(draft), *_form(draft.inputs))}
    table |= {"budget": _budget(draft, {name: each.value for name, each in table.items()})}
    unused = ("judgments",) if draft.inputs.spec.spec.serving is None else ()
    return {name: each for name, each in table.items() if name not in unused}


def _limits(draft: Draft) -> Iterator[Setting]:
    """Yield the limits of the teacher's endpoint and its price, or the batch size of weights."""
    teacher = draft.inputs.spec.spec.teacher
    if teacher is None or teacher.endpoint is None:
        return
    yield from teacher_limits(teacher)
    if teacher.price is not None:
        yield _setting("price", teacher.price.model_dump(), "spec.teacher.price")


def _form(inputs: Inputs) -> Iterator[Setting]:
    """Yield whether rows are turns: as the evaluation asks, else as the badcases or other rows are written."""
    sources = {each.name: each for each in inputs.spec.spec.data}
    known = [(name, file.conversational) for name, file in inputs.files.items() if file.conversational is not None]
    wanted = (Purpose.EVALUATION, Purpose.BADCASES)
    known.sort(key=lambda each: next((at for at, one in enumerate(wanted) if sources[each[0]].purpose is one), 9))
    name, turns = known[0] if known else ("", False)
    yield _setting("turns", turns, f"as `{name}` is written" if name else "plain text: no other rows are there yet")


def _budget(draft: Draft, settings: dict[str, object]) -> Setting:
    """Return the budget: the spec's, or an estimate of the calls.

    A passage is read once, a fact is restated once and judged if an endpoint serves the model, and a row takes two
    calls.
    """
    from runtime.contract.augmentation import assessed_facts  # models of configs, which other plans do not pay for

    own, body = draft.inputs.spec.spec.augmentation, draft.inputs.spec.spec
    files = [draft.inputs.files[name] for name in draft.choice.sources]
    size = int(str(settings["chunk_tokens"])) * BYTES_PER_TOKEN
    passages = sum(max(file.rows, -(-file.text_bytes // size)) for file in files)
    most_rows = int(str(settings["max_rows"]))
    kinds = settings["kinds"]
    facts = FACTS_PER_PASSAGE * passages
    rows = min(most_rows, facts * len(kinds if isinstance(kinds, list) else ()))
    assessed = assessed_facts(facts, most_rows)
    judged = 2 * int(str(settings["judgments"])) * assessed if body.serving is not None else 0
    estimate = int(SLACK * (passages + assessed + judged + 2 * rows))
    money = {} if own is None or own.max_usd is None else {"usd": float(own.max_usd)}
    if own is not None and own.max_calls is not None:
        source = "spec.augmentation.maxCalls"
        return _setting("budget", {"calls": own.max_calls, **money}, source)
    source = (
        f"estimate: {passages:,} passages, {assessed:,} facts{' and their judgments' if judged else ''}, "
        f"{rows:,} rows of two calls, and half as many again for unusable replies"
    )
    return _setting("budget", {"calls": estimate, **money}, source)


def _setting(name: str, value: object, source: str) -> Setting:
    return Setting(name=name, value=value, source=source)
