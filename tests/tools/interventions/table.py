"""The comparison: the best intervention of each application, and the regret of each way to choose."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.interventions.worth import Tried, difference


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A choice for an application: its regret, and whether it is the best or tied with it."""

    application: str
    kind: str
    chosen: str
    best: str
    regret: float
    is_tied: bool


def tried_of(document: Mapping[str, Any]) -> dict[str, Tried]:
    """The interventions that were run; one that was not applicable is left out."""
    return {name: Tried.read(each) for name, each in document["interventions"].items() if "right" in each}


def best_of(tried: Mapping[str, Tried]) -> str:
    return max(tried, key=lambda name: tried[name].utility)


def judged(name: str, document: Mapping[str, Any], chosen: str) -> Judged:
    """A choice that is not applicable changes nothing: people find out that it makes no sense, and keep the system.

    Tied: the interval of the paired difference from the best contains zero, or the regret is under a point.
    """
    tried = tried_of(document)
    best, taken = best_of(tried), tried.get(chosen, tried["nothing"])
    lost, half = difference(tried[best], taken)
    return Judged(
        application=name,
        kind=document["kind"],
        chosen=chosen,
        best=best,
        regret=max(0.0, lost),
        is_tied=lost <= max(half, 0.01),
    )


def summary(found: Sequence[Judged]) -> tuple[float, float, float]:
    """The share that is the best, the share that is best or tied, and the mean regret."""
    count = len(found)
    return (
        sum(each.chosen == each.best for each in found) / count,
        sum(each.is_tied for each in found) / count,
        sum(each.regret for each in found) / count,
    )


def confusion(found: Iterable[Judged]) -> dict[str, Counter[str]]:
    """How often each planted kind was answered by each intervention."""
    counts: dict[str, Counter[str]] = {}
    for each in found:
        counts.setdefault(each.kind, Counter())[each.chosen] += 1
    return counts
