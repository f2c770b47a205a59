"""Planted applications: a base model, a task, and what was made wrong with it on purpose."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tools.interventions import habits
from tools.interventions.habits import KNOWN, Operation, World
from tools.interventions.words import ATTRIBUTES, ENTITIES, FOREIGN, Words

# of the questions, on how many a broken part fails
RETRIEVER_FAILS, FLOW_FAILS = 0.7, 0.6


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """`core` is the question as the model should read it; `spoilt` as a broken agent passes it on.

    `passage` answers it, `other` is a passage that does not.
    """

    core: Words
    answer: str
    passage: Words = ()
    other: Words = ()
    spoilt: Words = ()
    steps: Words = ()
    fails: float = 0.0  # 0 to 1: parts that fail on a share of the questions fail on those below it


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """`operation` of a task of symbols; else `topic` is `facts` or `sums`."""

    kind: str
    world: World
    number: int
    topic: str
    operation: Operation | None = None
    terms: int = 0
    temperature: float = 0.0
    retriever: str = "none"  # or `right` or `broken`
    flow: str = "right"  # or `broken`
    closed_book: bool = False
    foreign: bool = False
    too_large: bool = False
    target: float = 0.85
    data: tuple[str, ...] = ("demonstrations", "badcases")

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.world.seed}-{self.number}"

    def questions(self, use: str, count: int) -> list[Question]:
        """New questions for a use; those of several uses have no prompt in common."""
        rng = random.Random(f"{self.name} {use}")
        return [_MADE_BY[self.topic](self, use, rng) for _ in range(count)]

    def shots(self, rng: random.Random) -> Words:
        """Examples with right answers, to put above a question."""
        if self.operation is not None:
            return habits.shots(self.operation, rng)
        found: Words = ()
        for _ in range(2):
            each = _MADE_BY[self.topic](self, "demonstrations", rng)
            found = (*found, *each.core, each.answer, ".")
        return found

    @property
    def corpus(self) -> list[Words]:
        """The team's documents, as sentences."""
        if self.topic != "facts":
            return []
        names = dict(zip(ATTRIBUTES, FOREIGN, strict=True)) if self.foreign else {each: each for each in ATTRIBUTES}
        asked = [each for each in ENTITIES if each not in KNOWN]
        return [(entity, names[key], self.world.facts[entity, key], ".") for entity in asked for key in ATTRIBUTES]


def _of_symbols(application: Application, use: str, rng: random.Random) -> Question:
    """The use decides the third symbol's parity, so that prompts of training never come again in a test."""
    operation = application.operation
    assert operation is not None
    trains = use in ("demonstrations", "badcases", "prompts")
    while True:
        given = habits.symbols(rng)
        if (int(given[2][1:]) % 2 == 0) == trains:
            break
    spoilt = habits.asked(operation, (given[1], given[0], given[2]))
    core, answer = habits.asked(operation, given), operation.right[given[0]]
    return Question(core=core, answer=answer, spoilt=spoilt, fails=rng.random())


def _of_facts(application: Application, use: str, rng: random.Random) -> Question:
    """Demonstrations are of other entities than tests and badcases: a fact that was shown proves nothing."""
    unknown = [each for each in ENTITIES if each not in KNOWN]
    trained = use in ("demonstrations", "prompts")
    entity = rng.choice(unknown[:40] if trained else unknown[40:])
    wanted, *others = rng.sample(ATTRIBUTES, 3)
    facts, names = application.world.facts, dict(zip(ATTRIBUTES, FOREIGN, strict=True))
    name = (lambda key: names[key]) if application.foreign else (lambda key: key)

    def passage(about: str) -> Words:
        keys = rng.sample([wanted, *others], 3)
        return tuple(word for key in keys for word in habits.statement(about, name(key), facts[about, key]))

    another = rng.choice([each for each in unknown if each != entity])
    return Question(
        core=habits.question(entity, wanted),
        answer=facts[entity, wanted],
        passage=passage(entity),
        other=passage(another),
        fails=rng.random(),
    )


def _of_sums(application: Application, use: str, rng: random.Random) -> Question:
    trains = use in ("demonstrations", "badcases", "prompts")
    while True:
        digits = habits.some_digits(application.terms, rng)
        if (int("".join(digits)) % 7 < 4) == trains:
            break
    return Question(
        core=("sum", *digits, "?"), answer=habits.total(digits), steps=habits.chain(digits), fails=rng.random()
    )


_MADE_BY: dict[str, Callable[[Application, str, random.Random], Question]] = {
    "symbols": _of_symbols,
    "facts": _of_facts,
    "sums": _of_sums,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of planted application: its settings, and the habit of its operation where it has one."""

    name: str
    topic: str
    habit: str = ""
    settings: dict[str, object] = field(default_factory=dict)
    terms: tuple[int, ...] = ()


PAIRED = ("demonstrations", "badcases", "pairs")
KINDS = (
    Kind(name="noisy", topic="symbols", habit="noisy", settings={"temperature": 0.8}),
    Kind(name="prefers", topic="symbols", habit="prefers", settings={"temperature": 0.8, "data": PAIRED}),
    Kind(name="untaught", topic="symbols", habit="untaught"),
    Kind(name="too-hot", topic="symbols", habit="hot", settings={"temperature": 1.0}),
    Kind(name="no-schema", topic="symbols", habit="raw", settings={"temperature": 0.0}),
    Kind(name="no-rule", topic="symbols", habit="ruled"),
    Kind(name="no-examples", topic="symbols", habit="shown"),
    Kind(name="flow", topic="symbols", habit="clean", settings={"flow": "broken"}),
    Kind(name="too-large", topic="symbols", habit="clean", settings={"too_large": True}),
    Kind(name="facts", topic="facts", settings={"data": ("demonstrations", "badcases", "corpus")}),
    Kind(
        name="facts-offline",
        topic="facts",
        settings={"closed_book": True, "data": ("demonstrations", "badcases", "corpus")},
    ),
    Kind(
        name="retriever",
        topic="facts",
        settings={"retriever": "broken", "data": ("demonstrations", "badcases", "corpus")},
    ),
    Kind(
        name="foreign",
        topic="facts",
        settings={"retriever": "right", "foreign": True, "data": ("demonstrations", "badcases", "corpus")},
    ),
    Kind(name="no-steps", topic="sums", terms=(3,)),
    Kind(name="chain", topic="sums", terms=(5, 6), settings={"data": ("demonstrations", "badcases", "chains")}),
)


def applications(seeds: tuple[int, ...], kinds: tuple[Kind, ...] = KINDS) -> list[Application]:
    """Every application of these worlds, in the order of kinds."""
    return [each for kind in kinds for seed in seeds for each in _of_kind(kind, World.of(seed))]


def _of_kind(kind: Kind, world: World) -> list[Application]:
    if kind.habit:
        return [
            Application(kind=kind.name, world=world, number=number, topic=kind.topic, operation=each, **kind.settings)  # type: ignore[arg-type]
            for number, each in enumerate(world.operations)
            if each.habit == kind.habit
        ]
    return [
        Application(kind=kind.name, world=world, number=number, topic=kind.topic, terms=terms, **kind.settings)  # type: ignore[arg-type]
        for number, terms in enumerate(kind.terms or (0,))
    ]
