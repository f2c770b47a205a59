"""Simulated applications whose badcases are labelled one after the other, with a look at the bound after each label."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from compiler.run.triage.unseen import ENOUGH, ERROR, UnseenKinds
from runtime.contract.statistics import wilson_interval

SEED = 15
LEAST, MOST = 10, 500  # labels of an application
Chances = np.ndarray
Generator = np.random.Generator


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """What happened in one application: whether a bound ever failed, and when it said to stop (0 for never).

    `naive` is the upper Wilson bound of the Good-Turing estimate; `loose` that of McAllester and Schapire (2000).
    """

    failed: bool
    stopped: int
    stopped_wrongly: bool
    naive_failed: bool
    naive_stopped_wrongly: bool
    loose_stopped: int


def label(chances: Chances, labels: int, random: Generator) -> Labelled:
    """Draw badcases of kinds with these chances, and look after each one."""
    kinds = random.choice(len(chances), size=labels, p=chances)
    counts = np.zeros(len(chances), dtype=int)
    ours, unseen, single = UnseenKinds(), 1.0, 0
    failed = naive_failed = wrong = naive_wrong = False
    stops = {"ours": 0, "naive": 0, "loose": 0}
    for index, kind in enumerate(kinds, 1):
        counts[kind] += 1
        if counts[kind] == 1:
            failed |= unseen > ours.bound + 1e-9  # the bound only falls while the chance is the same
            unseen -= chances[kind]
        ours.add(str(kind))
        single += {1: 1, 2: -1}.get(int(counts[kind]), 0)
        naive = wilson_interval(single / index, index)[1]
        naive_failed |= unseen > naive + 1e-9
        loose = single / index + (2 * math.sqrt(2) + math.sqrt(3)) * math.sqrt(math.log(3 / ERROR) / index)
        if not stops["ours"] and ours.is_below(ENOUGH):
            stops["ours"], wrong = index, unseen > ENOUGH
        if not stops["naive"] and naive <= ENOUGH:
            stops["naive"], naive_wrong = index, unseen > ENOUGH
        if not stops["loose"] and loose <= ENOUGH:
            stops["loose"] = index
    failed |= unseen > ours.bound + 1e-9
    return Labelled(
        failed=bool(failed),
        stopped=stops["ours"],
        stopped_wrongly=bool(wrong),
        naive_failed=bool(naive_failed),
        naive_stopped_wrongly=bool(naive_wrong),
        loose_stopped=stops["loose"],
    )


def _normal(weights: Chances) -> Chances:
    return np.asarray(weights / weights.sum())


def _easy(random: Generator) -> Chances:
    """Two to five kinds, each in a tenth of the badcases or more."""
    kinds = int(random.integers(2, 6))
    return 0.1 + (1 - 0.1 * kinds) * random.dirichlet(np.ones(kinds))


def _usual(random: Generator) -> Chances:
    """Four to eight kinds, as people find them, some of them rare."""
    return _normal(random.dirichlet(np.ones(int(random.integers(4, 9)))))


def _zipf(random: Generator) -> Chances:
    return _normal(np.arange(1, int(random.integers(10, 1000))) ** -float(random.uniform(0.8, 2)))


def _even(random: Generator) -> Chances:
    return _normal(np.ones(int(random.integers(2, 400))))


def _halved(random: Generator) -> Chances:
    return _normal(float(random.uniform(0.3, 0.9)) ** np.arange(60))


def _hidden(random: Generator) -> Chances:
    """A few kinds, and many rare ones that add up to a little more than the chance at which people stop."""
    rest = float(random.uniform(0.05, 0.12))
    rare = int(random.integers(1, 200))
    kinds = int(random.integers(1, 5))
    return np.concatenate([np.full(kinds, (1 - rest) / kinds), np.full(rare, rest / rare)])


def _spread(random: Generator) -> Chances:
    return _normal(random.dirichlet(np.full(300, float(random.uniform(0.005, 0.3)))))


APPLICATIONS: dict[str, Callable[[Generator], Chances]] = {
    "easy: 2 to 5 kinds, each at least 10 %": _easy,
    "usual: 4 to 8 kinds, some rare": _usual,
    "Zipf, 10 to 1,000 kinds": _zipf,
    "equally frequent, 2 to 400 kinds": _even,
    "geometric": _halved,
    "few kinds, and rare ones that add up to 5 to 12 %": _hidden,
    "Dirichlet, 300 kinds": _spread,
}


def simulate(name: str, count: int, labels: int | None = None) -> list[Labelled]:
    """Label `count` applications of a kind, with 10 to 500 labels each unless `labels` says how many."""
    random = np.random.default_rng([SEED, sorted(APPLICATIONS).index(name)])
    return [
        label(APPLICATIONS[name](random), labels or int(random.integers(LEAST, MOST + 1)), random) for _ in range(count)
    ]
