"""The measures of a probe: each with an interval, from the answers so far.

pass@k is the unbiased estimate 1 − C(n − c, k) / C(n, k) of Chen et al. (2021, arXiv 2107.03374), for n samples of
which c are right.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from runtime.data.chains import split_chain
from runtime.evaluate.probe.answers import Sample
from runtime.evaluate.probe.families import (
    CHAIN,
    CLOSED,
    CONSTRAINED,
    CONTROL,
    GOLD,
    GREEDY,
    OPEN,
    TEACHER,
    Family,
)
from runtime.evaluate.probe.forms import form_of
from runtime.evaluate.probe.intervals import interval_of_difference, interval_of_share
from runtime.stage.statistics import Interval, exact_p

MANY = 16  # the k of pass@16
# the families whose answers a measure reads, by its name in configs
READS: dict[str, tuple[str, ...]] = {
    "pass_at1": (CLOSED,),
    "pass_at16": (CLOSED,),
    "unstable_gain": (CLOSED,),
    "agreement": (CLOSED,),
    "reward_spread": (CLOSED,),
    "open_book": (OPEN,),
    "recall_gain": (OPEN, CLOSED),
    "control": (CONTROL,),
    "chain_gain": (CHAIN, CLOSED),
    "gold_output": (GOLD,),
    "teacher_pass_at1": (TEACHER,),
    "teacher_gain": (TEACHER, CLOSED),
    "greedy": (GREEDY,),
    "constrained": (CONSTRAINED,),
}
Spread = Callable[[int, Sequence[str]], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """The answers to the first cases of a family, with the quantile of the look that they were counted at."""

    family: Family
    samples: Sequence[Sequence[Sample]]
    z: float

    @property
    def shares(self) -> list[float]:
        """The share of right answers to each case."""
        return [sum(each.is_right for each in group) / len(group) for group in self.samples]

    @property
    def clusters(self) -> list[str]:
        """The cluster of each case."""
        return [case.cluster for case in self.family.cases[: len(self.samples)]]


def pass_at(k: int, samples: int, right: int) -> float:
    """Return the unbiased estimate of the chance that one of `k` answers is right."""
    return 1.0 - math.comb(samples - right, k) / math.comb(samples, k)


def measures_of(seen: Mapping[str, Seen], spread: Spread | None) -> dict[str, Interval]:
    """Return each measure that the answers allow; `spread` says whether the rewards of a case's texts differ."""
    return dict(_measures(seen, spread))


def _measures(seen: Mapping[str, Seen], spread: Spread | None) -> Iterator[tuple[str, Interval]]:
    closed = seen[CLOSED]
    clusters, z = closed.clusters, closed.z
    yield "pass_at1", interval_of_share(closed.shares, clusters, z)
    if closed.family.samples >= MANY:
        many = [pass_at(MANY, len(group), sum(each.is_right for each in group)) for group in closed.samples]
        yield "pass_at16", interval_of_share(many, clusters, z)
        yield "unstable_gain", interval_of_difference(many, closed.shares, clusters, z)
    if closed.family.samples > 1:
        yield "agreement", interval_of_share([_agreement(closed, group) for group in closed.samples], clusters, z)
    if spread is not None:
        differ = [
            float(spread(case.index, [each.text for each in group]))
            for case, group in zip(closed.family.cases, closed.samples, strict=False)
        ]
        yield "reward_spread", interval_of_share(differ, clusters, z)
    for name, family in (
        ("open_book", OPEN),
        ("control", CONTROL),
        ("gold_output", GOLD),
        ("teacher_pass_at1", TEACHER),
        ("greedy", GREEDY),
        ("constrained", CONSTRAINED),
    ):
        if family in seen:
            yield name, interval_of_share(seen[family].shares, seen[family].clusters, seen[family].z)
    for name, family in (("recall_gain", OPEN), ("chain_gain", CHAIN), ("teacher_gain", TEACHER)):
        if family in seen and (pairs := _paired(seen[family], closed)):
            after, before, names = zip(*pairs, strict=True)
            yield name, interval_of_difference(after, before, names, max(seen[family].z, z))


def chain_figures(seen: Mapping[str, Seen], marker: str, *, deployed: bool) -> dict[str, Any]:
    """Return McNemar's p of the gain by a chain, the 95th percentile of its tokens, and the pace of a served model.

    p is that of the exact sign test over clusters: of those whose share of right answers differs, how many rise. With
    one answer to each it is McNemar's exact test.
    """
    if CHAIN not in seen:
        return {}
    chain = seen[CHAIN]
    sums: dict[str, float] = defaultdict(float)
    for after, before, name in _paired(chain, seen[CLOSED]):
        sums[name] += after - before
    wins, losses = sum(each > 1e-9 for each in sums.values()), sum(each < -1e-9 for each in sums.values())
    samples = [each for group in chain.samples for each in group if not each.is_refused]
    figures: dict[str, Any] = {"chain_p_value": float(exact_p(wins, losses))}
    if lengths := [_chain_tokens(each, marker) for each in samples if each.tokens]:
        figures["chain_tokens"] = int(np.quantile(lengths, 0.95, method="higher"))
    timed = [each for each in samples if each.seconds > 0 and each.tokens]
    if deployed and timed:
        figures["ms_per_token"] = 1000 * sum(each.seconds for each in timed) / sum(each.tokens for each in timed)
    return figures


def _chain_tokens(sample: Sample, marker: str) -> int:
    """Return the tokens of an answer before its marker, by the share of its characters."""
    parts = split_chain(sample.text, marker)
    return sample.tokens if parts is None else math.ceil(sample.tokens * len(parts[0]) / max(1, len(sample.text)))


def _paired(one: Seen, closed: Seen) -> list[tuple[float, float, str]]:
    """Return the shares of right answers to the cases that both asked, and their clusters."""
    before = closed.shares
    return [
        (after, before[case.index], case.cluster)
        for case, after in zip(one.family.cases, one.shares, strict=False)
        if case.index < len(before)
    ]


def _agreement(closed: Seen, group: Sequence[Sample]) -> float:
    """Return the share of the samples with the most frequent answer; right answers are one, however written."""
    metric = closed.family.metric
    counts = Counter("right" if each.is_right else f"wrong {form_of(each.text, metric)}" for each in group)
    return max(counts.values()) / len(group)
