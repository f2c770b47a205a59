"""Which facts a question is about: sub-graphs around the facts that the model knows least."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from runtime.contract.augmentation import Kind
from runtime.make.augment.graph import Fact

MAX_HOPS = 2  # around the first fact of an aggregated question
LEAST_AGGREGATED = 3  # facts that an aggregated question brings together
MAX_AT_NODE = 64  # facts of one entity that are tried


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """The facts of one question, the least known one first."""

    kind: Kind
    facts: tuple[Fact, ...]

    @property
    def entities(self) -> tuple[str, ...]:
        """The names of all entities, once each."""
        return tuple(dict.fromkeys(name for fact in self.facts for name in fact.entities))

    @property
    def chunks(self) -> tuple[str, ...]:
        """The names of all passages, once each: one of each fact, then the others."""
        first = [fact.chunks[0] for fact in self.facts]
        return tuple(dict.fromkeys([*first, *(name for fact in self.facts for name in fact.chunks)]))


def weakest_first(facts: Sequence[Fact], losses: Mapping[int, float]) -> list[Fact]:
    """Return facts by falling loss, then those without one; `losses` are by the number of the fact."""
    return sorted(facts, key=lambda fact: (fact.number not in losses, -losses.get(fact.number, 0.0), fact.number))


def units_of(order: Sequence[Fact], kinds: Sequence[Kind], max_facts: int) -> Iterator[Unit]:
    """Yield different units, by the order of their first facts; of one fact, one unit of each kind.

    An aggregated unit takes the facts within `MAX_HOPS` of its first one, those that come first in `order`, up to
    `max_facts`; a fact that one has taken starts no other. A multi-hop unit takes a fact that shares an entity.
    """
    at_node = _by_node(order)
    seen: set[tuple[str, frozenset[int]]] = set()
    covered: set[int] = set()
    for fact in order:
        for kind in kinds:
            if kind == "aggregated" and fact.number in covered:
                continue
            facts = _FACTS[kind](fact, at_node, max_facts)
            key = (kind, frozenset(each.number for each in facts))
            if not facts or key in seen:
                continue
            seen.add(key)
            covered |= key[1] if kind == "aggregated" else set()
            yield Unit(kind=kind, facts=facts)


def _by_node(order: Sequence[Fact]) -> dict[str, list[Fact]]:
    """Return the first facts of each node, in order."""
    found: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in order:
        for node in fact.nodes:
            if len(found[node]) < MAX_AT_NODE:
                found[node].append(fact)
    return found


def _atomic(fact: Fact, at_node: Mapping[str, Sequence[Fact]], max_facts: int) -> tuple[Fact, ...]:
    return (fact,)


def _multi_hop(fact: Fact, at_node: Mapping[str, Sequence[Fact]], max_facts: int) -> tuple[Fact, ...]:
    """Return a fact and one that shares an entity, if there is any; one of another passage is preferred.

    The answer can then not be read in one place.
    """
    near = [each for node in fact.nodes for each in at_node[node] if each.number != fact.number]
    elsewhere = [each for each in near if not set(each.chunks) <= set(fact.chunks)]
    return next(((fact, each) for each in (*elsewhere, *near)), ())


def _aggregated(fact: Fact, at_node: Mapping[str, Sequence[Fact]], max_facts: int) -> tuple[Fact, ...]:
    """Return a fact and those near it, the nearest first; none if they are too few."""
    found = {fact.number: fact}
    frontier = list(fact.nodes)
    for _ in range(MAX_HOPS):
        new = [each for node in frontier for each in at_node[node] if each.number not in found]
        for each in new[: max_facts - len(found)]:
            found[each.number] = each
        frontier = list(dict.fromkeys(node for each in new for node in each.nodes))
    return tuple(found.values())[:max_facts] if len(found) >= LEAST_AGGREGATED else ()


_FACTS: dict[Kind, Callable[[Fact, Mapping[str, Sequence[Fact]], int], tuple[Fact, ...]]] = {
    "atomic": _atomic,
    "multi-hop": _multi_hop,
    "aggregated": _aggregated,
}
