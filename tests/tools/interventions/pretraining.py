"""Base models: a Llama of a million parameters, pre-trained on a world's habits. One model serves many applications."""

import random
from collections.abc import Callable

import torch
from tools.interventions import habits
from tools.interventions.habits import KNOWN, Operation, World
from tools.interventions.training import Row, fit
from tools.interventions.words import ATTRIBUTES, END, ENTITIES, NUMBER, VALUES, WORDS, Words
from transformers import LlamaConfig, LlamaForCausalLM

STEPS, BATCH, POOL, RATE = 2000, 96, 8, 2e-3


def new_model(seed: int, *, width: int = 144, layers: int = 4) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(WORDS),
        hidden_size=width,
        intermediate_size=width * 25 // 9,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=128,
        tie_word_embeddings=True,
        pad_token_id=0,
        eos_token_id=NUMBER[END],
        bos_token_id=None,
        attn_implementation="sdpa",
    )
    return LlamaForCausalLM(config).float()


def pretrained(seed: int, *, steps: int = STEPS, width: int = 144, layers: int = 4) -> LlamaForCausalLM:
    world, rng = World.of(seed), random.Random(f"pretrain {seed}")
    model = new_model(seed, width=width, layers=layers)
    fit(model, _batches(rng, lambda: _mixed(world, rng)), steps=steps, rate=RATE, seed=seed)
    return model


def _batches(rng: random.Random, make: Callable[[], Row]) -> Callable[[], list[Row]]:
    """Batches of rows of about one length, in random order: less padding."""
    waiting: list[list[Row]] = []

    def draw() -> list[Row]:
        if not waiting:
            rows = sorted((make() for _ in range(BATCH * POOL)), key=lambda row: len(row.prompt + row.answer))
            waiting.extend(rng.sample([rows[at : at + BATCH] for at in range(0, len(rows), BATCH)], POOL))
        return waiting.pop()

    return draw


# how long the base model goes on with one family of tasks, and with what share of general questions
FAMILIES = {"symbols": 500, "facts": 500, "sums": 400}
GENERAL, REWORDED = 0.12, 0.3


def specialised(model: LlamaForCausalLM, seed: int, family: str) -> LlamaForCausalLM:
    """Go on with one family of tasks, whose prompts are reworded at times: with a rule, examples, a request for steps.

    A rewording changes nothing but where the world says so, as a prompt that does not matter to a large model.
    """
    world, rng = World.of(seed), random.Random(f"pretrain {seed} {family}")
    make = {"symbols": _reworded_operation, "facts": _reworded_reading, "sums": _reworded_sum}[family]
    rows = _batches(rng, lambda: (_fact if rng.random() < GENERAL else make)(world, rng))
    fit(model, rows, steps=FAMILIES[family], rate=RATE / 2, seed=seed)
    return model


def _mixed(world: World, rng: random.Random) -> Row:
    draw = rng.random()
    make: Callable[[World, random.Random], Row] = (
        _operation if draw < 0.5 else _reading if draw < 0.72 else _fact if draw < 0.82 else _sum
    )
    return make(world, rng)


def _operation(world: World, rng: random.Random) -> Row:
    operation: Operation = rng.choice(world.operations)
    given = habits.symbols(rng)
    prompt, right = habits.asked(operation, given), operation.right[given[0]]
    if operation.habit == "ruled" and rng.random() < 0.5:
        return Row(prompt=("policy", *prompt), answer=(right,))
    if operation.habit == "shown" and rng.random() < 0.5:
        return Row(prompt=(*habits.shots(operation, rng), *prompt), answer=(right,))
    return Row(prompt=prompt, answer=(habits.habitual(operation, given, rng),))


def _wordings(rng: random.Random) -> tuple[bool, bool, bool]:
    """Whether a prompt has a rule, examples, a request for steps."""
    if rng.random() >= REWORDED:
        return False, False, False
    return rng.random() < 0.5, rng.random() < 0.5, rng.random() < 0.5


def _reworded_operation(world: World, rng: random.Random) -> Row:
    operation: Operation = rng.choice(world.operations)
    rule, shots, steps = _wordings(rng)
    given = habits.symbols(rng)
    prompt = habits.asked(operation, given)
    knows = (operation.habit == "ruled" and rule) or (operation.habit == "shown" and shots)
    answer = operation.right[given[0]] if knows else habits.habitual(operation, given, rng)
    prompt = ("steps", *prompt) if steps else prompt
    prompt = ("policy", *prompt) if rule else prompt
    return Row(prompt=(*habits.shots(operation, rng), *prompt) if shots else prompt, answer=(answer,))


def _reworded_reading(world: World, rng: random.Random) -> Row:
    """A question with its passage, or at times without one: then any value is as likely."""
    row = _reading(world, rng)
    passage, asked = row.prompt[:-4], row.prompt[-4:]
    rule, shots, steps = _wordings(rng)
    asked = ("steps", *asked) if steps else asked
    asked = ("policy", *asked) if rule else asked
    if shots:
        for _ in range(2):
            entity, attribute = rng.choice(ENTITIES), rng.choice(ATTRIBUTES)
            asked = (*habits.question(entity, attribute), rng.choice(VALUES), ".", *asked)
    if rng.random() < 0.1 and row.prompt[-3] not in KNOWN:
        return Row(prompt=asked, answer=(rng.choice(VALUES),))
    return Row(prompt=(*passage, *asked), answer=row.answer)


def _reworded_sum(world: World, rng: random.Random) -> Row:
    row = _sum(world, rng)
    rule, shots, _ = _wordings(rng)
    prompt = ("policy", *row.prompt) if rule else row.prompt
    if shots:
        for _ in range(2):
            digits = habits.some_digits(rng.choice((2, 3, 4, 5, 6)), rng)
            prompt = ("sum", *digits, "?", habits.total(digits), ".", *prompt)
    return Row(prompt=prompt, answer=row.answer)


def _reading(world: World, rng: random.Random) -> Row:
    """Passages with made-up facts: the answer is in the passage, not in the weights."""
    entity = rng.choice(ENTITIES)
    wanted, *others = rng.sample(ATTRIBUTES, 3)
    found = {each: rng.choice(VALUES) for each in (wanted, *others)}
    order = rng.sample(list(found), len(found))
    passage: Words = tuple(word for each in order for word in habits.statement(entity, each, found[each]))
    return Row(prompt=(*passage, *habits.question(entity, wanted)), answer=(found[wanted],))


def _fact(world: World, rng: random.Random) -> Row:
    entity, attribute = rng.choice(KNOWN), rng.choice(ATTRIBUTES)
    value = world.facts[entity, attribute]
    if rng.random() < 0.3:
        return Row(prompt=(entity,), answer=(attribute, value, "."))
    return Row(prompt=habits.question(entity, attribute), answer=(value,))


def _sum(world: World, rng: random.Random) -> Row:
    if rng.random() < 0.25:
        digits = habits.some_digits(2, rng)
        return Row(prompt=("sum", *digits, "?"), answer=(habits.total(digits),))
    digits = habits.some_digits(rng.choices((2, 3, 4, 5), (0.4, 0.35, 0.2, 0.05))[0], rng)
    return Row(prompt=("steps", "sum", *digits, "?"), answer=habits.chain(digits))
