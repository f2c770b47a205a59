"""The figures of a reward pre-flight, compared with their definitions, and a bad reward for each check."""

import random
from pathlib import Path
from typing import Any

import pytest

from runtime.contract.blocks import DataBlock, RewardBlock
from runtime.contract.preflight import verdict_of
from runtime.contract.volumes import Volumes
from runtime.data.rows import Source
from runtime.scoring.preflight.checks import Examiner, Judged, Sampled
from runtime.scoring.preflight.figures import auc, paired_win, partial_correlation, pearson, spearman
from runtime.scoring.rewards.rows import bytes_of, reward_prompts
from runtime.scoring.rewards.scorer import Scorer

REWARDS = """
import random, time
state = {"calls": 0}

def exact(completions, reference, **columns):
    return [float(text == right) for text, right in zip(completions, reference)]

def verbose(completions, **columns):
    return [min(1.0, len(text) / 100) for text in completions]

def moody(completions, **columns):
    state["calls"] += 1
    return [state["calls"] % 3 / 3 for _ in completions]

def batchy(completions, **columns):
    return [at / len(completions) for at in range(len(completions))]

def brittle(completions, reference, **columns):
    return [float(text.split()[0] == right) for text, right in zip(completions, reference)]

def wild(completions, **columns):
    return [float(len(text)) for text in completions]

def lenient(completions, **columns):
    return [1.0 for _ in completions]

def inverse(completions, reference, **columns):
    return [float(text != right) for text, right in zip(completions, reference)]
"""


def test_figures_by_hand() -> None:
    assert auc([3, 2], [1, 2]) == pytest.approx((1 + 1 + 1 + 0.5) / 4)
    assert paired_win([3, 2, 1], [1, 2, 0]) == pytest.approx(2 / 3)
    assert spearman([1, 2, 3, 4], [10, 20, 40, 30]) == pytest.approx(0.8)  # 1 - 6 * 2 / (4 * 15)
    assert spearman([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]) == pytest.approx(0.894427191)
    assert spearman([1, 1, 1], [1, 2, 3]) is None
    assert pearson([0.1 + 0.2, 0.3, 0.3], [1, 2, 3]) is None  # rounding is no spread
    # all of the reward's spread is that of right and wrong, which long answers happen to be
    assert partial_correlation([1, 1, 0, 0], [9, 7, 2, 1], [True, True, False, False]) == 0.0
    assert partial_correlation([0.9, 0.5, 0.4, 0.0], [9, 5, 4, 0], [True, True, False, False]) == pytest.approx(1.0)


def test_partial_correlation_is_that_of_the_textbook() -> None:
    """(r_xy - r_xz r_yz) / sqrt((1 - r_xz^2) (1 - r_yz^2)), which is the same for a group of two values."""
    drawn = random.Random(5)
    groups = [drawn.random() < 0.4 for _ in range(60)]
    one = [drawn.random() + group for group in groups]
    other = [value * 2 + drawn.random() - group for value, group in zip(one, groups, strict=True)]
    flags = [float(group) for group in groups]
    xy, xz, yz = pearson(one, other), pearson(one, flags), pearson(other, flags)
    assert xy is not None
    assert xz is not None
    assert yz is not None
    textbook = (xy - xz * yz) / ((1 - xz**2) * (1 - yz**2)) ** 0.5
    assert partial_correlation(one, other, groups) == pytest.approx(textbook)


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    (tmp_path / "own.py").write_text(REWARDS, encoding="utf-8")
    return Volumes(models=tmp_path, data=tmp_path, outputs=tmp_path)


def examined(volumes: Volumes, name: str) -> dict[str, Any]:
    """Run the checks on a reward, with sixty judged pairs and a policy that is right half of the time."""
    block = RewardBlock(use=f"own:{name}", weight=1.0)
    rows = [{"id": f"{at}", "prompt": f"number {at}?", "fix": f"{at:03}", "answer": f"it is {at}"} for at in range(60)]
    shape = DataBlock(path="b.jsonl", shape="badcase", sha256="0" * 64, rows=60)
    prompts = reward_prompts([Source(block=shape, rows=rows, places=[row["id"] for row in rows], excluded=0)], [block])
    judged = Judged(prompts=prompts, right=[row["fix"] for row in rows], wrong=[row["answer"] for row in rows])
    texts = [[f"{at:03}" if (at + turn) % 2 else "no " * (at % 5 + 1) for turn in range(4)] for at in range(20)]
    right = [[text == f"{at:03}" for text in group] for at, group in enumerate(texts)]
    with Scorer([block], volumes) as scorer:
        examiner = Examiner(scorer=scorer, prompts=prompts, judged=judged, tokens=bytes_of)
        return {
            "contract": examiner.contract(),
            "repeatability": examiner.repeatability(5),
            "discrimination": examiner.discrimination(),
            "humanAgreement": examiner.agreement(),
            "hackResistance": examiner.hacks(),
            **examiner.of_policy(Sampled(indices=list(range(20)), texts=texts, right=right)),
        }


@pytest.mark.parametrize(
    ("name", "caught_by"),
    [
        ("exact", set()),
        ("verbose", {"humanAgreement", "hackResistance", "lengthBias", "alignment", "discrimination"}),
        ("moody", {"repeatability"}),
        ("batchy", {"repeatability"}),
        ("wild", {"contract"}),
        ("lenient", {"discrimination", "humanAgreement", "hackResistance", "signal", "alignment"}),
        ("inverse", {"discrimination", "humanAgreement", "hackResistance", "alignment"}),
    ],
)
def test_each_check_catches_its_bad_reward(volumes: Volumes, name: str, caught_by: set[str]) -> None:
    figures = examined(volumes, name)
    caught = {check for check, found in figures.items() if verdict_of(check, found) == "blocks"}
    assert caught >= caught_by, figures
    assert caught_by or not caught, figures


def test_a_reward_that_breaks_on_odd_answers_fails_its_contract(volumes: Volumes) -> None:
    block = RewardBlock(use="own:brittle", weight=1.0)
    rows = [{"id": "a", "prompt": "?", "fix": "x", "answer": "y"}]
    shape = DataBlock(path="b.jsonl", shape="badcase", sha256="0" * 64, rows=1)
    prompts = reward_prompts([Source(block=shape, rows=rows, places=["a"], excluded=0)], [block])
    with Scorer([block], volumes) as scorer:
        examiner = Examiner(scorer=scorer, prompts=prompts, judged=None, tokens=bytes_of)
        assert examiner.contract() == {"cases": 15, "failures": 2}  # empty text and white space have no first word
        assert examiner.discrimination() is None
