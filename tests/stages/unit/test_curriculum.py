"""The removal stages of latent chains: the rest of each chain, the order of rows, and the number of steps."""

import pytest

from runtime.contract.blocks import CurriculumBlock
from runtime.data.tokens import IGNORED
from runtime.train.methods.latent_cot import Curriculum, Parts, curriculum_of

BLOCK = CurriculumBlock(remove_tokens=8, epochs_per_removal=1, reset_optimizer=True)


def row(number: int, chain: int) -> Parts:
    """A row whose prompt is its number; its chain is 100, 101, …, its answer 7."""
    return Parts(prompt=[number], chain=list(range(100, 100 + chain)), tail=[6, 7], bare=[7])


ROWS = [row(number, chain) for number, chain in enumerate([20, 3, 17, 8, 12])]


def test_tokens_go_from_the_front_and_the_bare_answer_stays() -> None:
    tokens = row(5, 3).without(2)
    assert tokens.ids == [5, 102, 6, 7]
    assert tokens.labels == [IGNORED, 102, 6, 7]
    assert row(5, 3).without(0).ids == [5, 100, 101, 102, 6, 7]
    assert row(5, 3).without(3).ids == row(5, 3).without(99).ids == [5, 7]
    assert row(5, 3).length == 6


def test_steps_are_known_and_whole_for_each_stage() -> None:
    made = curriculum_of(ROWS, BLOCK, around=2, batch=4, seed=1)
    assert [removal.removed for removal in made.removals] == [0, 8, 16, 24]
    assert [removal.epochs for removal in made.removals] == [2, 1, 1, 2]
    assert [removal.steps for removal in made.removals] == [3, 2, 2, 3]  # 10, 5, 5 and 10 rows, four at a time
    assert (made.steps, made.boundaries) == (10, [3, 5, 7])
    assert len(list(made.sequences(ROWS))) == 10 * 4


def sequences(made: Curriculum) -> list[list[tuple[int, int]]]:
    """For each stage, the number and the chain tokens left of each row in its order."""
    found = [(tokens.ids[0], sum(token >= 100 for token in tokens.ids)) for tokens in made.sequences(ROWS)]
    stages = []
    for removal in made.removals:
        count = removal.steps * made.batch
        stages.append(found[:count])
        found = found[count:]
    return stages


def test_each_stage_sees_each_row_as_often_as_it_says_without_what_is_gone() -> None:
    made = curriculum_of(ROWS, BLOCK, around=2, batch=5, seed=1)
    lengths = [len(each.chain) for each in ROWS]
    for removal, stage in zip(made.removals, sequences(made), strict=True):
        assert [number for number, _ in stage].count(0) == removal.epochs
        assert all(left <= max(0, lengths[number] - removal.removed) for number, left in stage)
    assert all(left == 0 for _, left in sequences(made)[-1])


def test_the_order_is_decided_by_the_seed() -> None:
    one, same, other = (curriculum_of(ROWS, BLOCK, around=3, batch=5, seed=seed) for seed in (1, 1, 2))
    assert sequences(one) == sequences(same)
    assert sequences(one) != sequences(other)


def test_two_of_a_hundred_rows_lose_a_token_early() -> None:
    rows = [row(number, 40) for number in range(100)]
    made = curriculum_of(rows, BLOCK, around=40, batch=100, seed=3)
    first = [sum(token >= 100 for token in tokens.ids) for tokens in made.sequences(rows)][: 40 * 100]
    early = sum(left < 40 for left in first) / len(first)
    assert early == pytest.approx(0.0183, abs=0.007)  # exp(-4)
    assert min(first) >= 36
