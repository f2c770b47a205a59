"""What a base model was made to do: how it answers each operation, and which facts it knows.

An operation maps the first of three symbols to a label; the other two are there so that held-out questions are new.
"""

import random
from dataclasses import dataclass

from tools.interventions.words import ATTRIBUTES, DIGITS, ENTITIES, LABELS, OPS, RAW, SYMBOLS, VALUES, Words

# the habit of each operation; several operations of a habit make several applications of a base model
HABITS = (
    *("clean", "clean", "hot", "hot", "raw", "raw", "noisy", "noisy", "noisy", "prefers", "prefers", "prefers"),
    *("untaught", "untaught", "untaught", "ruled", "ruled", "shown", "shown", "clean"),
)
KNOWN = ENTITIES[:40]
SHOTS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """`right` is the team's mapping of a symbol to a label, `wrong` another one that the model may have learnt."""

    name: str
    habit: str
    right: dict[str, str]
    wrong: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """A base model's world, by seed."""

    seed: int
    operations: tuple[Operation, ...]
    facts: dict[tuple[str, str], str]

    @classmethod
    def of(cls, seed: int) -> "World":
        rng = random.Random(f"world {seed}")
        made = []
        for name, habit in zip(OPS, HABITS, strict=True):
            right = {each: rng.choice(LABELS) for each in SYMBOLS}
            wrong = {each: rng.choice([label for label in LABELS if label != right[each]]) for each in SYMBOLS}
            made.append(Operation(name=name, habit=habit, right=right, wrong=wrong))
        facts = {(entity, attribute): rng.choice(VALUES) for entity in ENTITIES for attribute in ATTRIBUTES}
        return cls(seed=seed, operations=tuple(made), facts=facts)


def symbols(rng: random.Random) -> Words:
    return tuple(rng.choice(SYMBOLS) for _ in range(3))


def raw(label: str) -> str:
    return RAW[LABELS.index(label)]


def asked(operation: Operation, given: Words) -> Words:
    return (operation.name, *given, "=")


def shots(operation: Operation, rng: random.Random) -> Words:
    """Examples with right answers, to put above a question."""
    found: Words = ()
    for _ in range(SHOTS):
        given = symbols(rng)
        found = (*found, *asked(operation, given), operation.right[given[0]], ".")
    return found


def habitual(operation: Operation, given: Words, rng: random.Random) -> str:
    """An answer as the base model was taught it, without a rule or examples in the prompt."""
    right, wrong = operation.right[given[0]], operation.wrong[given[0]]
    draw, other = rng.random(), rng.choice(LABELS)
    if operation.habit == "clean":
        return right
    if operation.habit == "hot":
        return right if draw < 0.55 else other
    if operation.habit == "raw":
        return raw(right) if draw < 0.6 else right if draw < 0.95 else other
    if operation.habit == "noisy":  # right more often than not for half of the symbols in the second place
        often = SYMBOLS.index(given[1]) % 2 == 0
        return right if draw < (0.62 if often else 0.3) else wrong if draw < 0.95 else other
    if operation.habit == "prefers":
        return right if draw < 0.25 else wrong if draw < 0.97 else other
    if operation.habit == "shown":
        return raw(right)
    return wrong  # untaught, and ruled without its rule


def statement(entity: str, attribute: str, value: str) -> Words:
    return (entity, attribute, value, ".")


def question(entity: str, attribute: str) -> Words:
    return ("ask", entity, attribute, "?")


def total(digits: Words) -> str:
    return str(sum(map(int, digits)) % 10)


def chain(digits: Words) -> Words:
    """The written steps of a sum modulo ten, with the total at the end."""
    so_far, found = digits[0], []
    for each in digits[1:]:
        now = total((so_far, each))
        found += [so_far, "+", each, "=", now, ","]
        so_far = now
    return (*found, ".", so_far)


def some_digits(count: int, rng: random.Random) -> Words:
    return tuple(rng.choice(DIGITS) for _ in range(count))
