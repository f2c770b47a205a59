"""The knowledge graph of a corpus: entities of equal names are one node, and what connects two of them is a fact."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import networkx
from rapidfuzz import fuzz

from runtime.contract.leakage.normal import normal
from runtime.contract.words import words_of
from runtime.make.augment.asking import Found
from runtime.make.augment.chunks import Chunk
from runtime.make.augment.parse import Entity, Extraction, Relation

MAX_STATEMENTS = 3  # different ones that are kept of a fact
SAME = 90.0  # similarity, of 100, at which two statements of a fact say the same
GROUNDED = 0.6  # the share of a name's words that its passage must have
_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """An edge of the graph: its two nodes, the names of their entities, what connects them, and where that was read.

    `number` is its place in the order of reading; `calls` are keys in the journal.
    """

    number: int
    nodes: tuple[str, str]
    entities: tuple[str, str]
    statements: tuple[str, ...]
    chunks: tuple[str, ...]
    calls: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the fact in files."""
        return f"f{self.number}"

    @property
    def text(self) -> str:
        """What the fact says."""
        return " ".join(self.statements)


@dataclass(frozen=True, kw_only=True, slots=True)
class Knowledge:
    """The graph, a fact for each of its edges, and what was left out.

    `ungrounded` counts relations of entities that their passage does not name.
    """

    graph: "networkx.Graph[str]"
    facts: tuple[Fact, ...]
    ungrounded: int


def knowledge_of(chunks: Sequence[Chunk], extractions: Sequence[Found[Extraction] | None]) -> Knowledge:
    """Return the graph of what was read from each chunk; None is a chunk without a usable reply."""
    graph: networkx.Graph[str] = networkx.Graph()
    ungrounded = 0
    for chunk, found in zip(chunks, extractions, strict=True):
        if found is None:
            continue
        form, words = normal(chunk.text), set(words_of(chunk.text))
        for entity in found.value.entities:
            if _is_named(entity.name, form, words):
                _add_entity(graph, entity)
        for relation in found.value.relations:
            is_grounded = all(_is_named(name, form, words) for name in (relation.one, relation.other))
            ungrounded += not is_grounded
            if is_grounded and _key(relation.one) != _key(relation.other):
                _add_relation(graph, relation, chunk.name, found.key)
    return Knowledge(graph=graph, facts=tuple(_facts(graph)), ungrounded=ungrounded)


def _key(name: str) -> str:
    """Return the form in which names are compared: without an article, case, width and punctuation."""
    return normal(_ARTICLE.sub("", name.strip()))


def _is_named(name: str, form: str, words: set[str]) -> bool:
    """Return whether a passage, by its normal form and its words, names an entity."""
    key, own = _key(name), words_of(name)
    return bool(key) and (key in form or sum(each in words for each in own) >= GROUNDED * max(len(own), 1))


def _add_entity(graph: "networkx.Graph[str]", entity: Entity) -> None:
    key = _key(entity.name)
    graph.add_node(key)
    node: dict[str, Any] = graph.nodes[key]
    node.setdefault("name", entity.name)
    node.setdefault("kind", entity.kind)
    _add_text(node.setdefault("statements", []), entity.text)


def _add_relation(graph: "networkx.Graph[str]", relation: Relation, chunk: str, call: str) -> None:
    one, other = _key(relation.one), _key(relation.other)
    for key, name in ((one, relation.one), (other, relation.other)):
        graph.add_node(key)
        graph.nodes[key].setdefault("name", name)
    graph.add_edge(one, other)
    edge: dict[str, Any] = graph.edges[one, other]
    _add_text(edge.setdefault("statements", []), relation.text)
    for field, value in (("chunks", chunk), ("calls", call)):
        known: list[str] = edge.setdefault(field, [])
        if value not in known:
            known.append(value)


def _add_text(known: list[str], text: str) -> None:
    """Add a text unless one that says the same is known, or there are enough."""
    if len(known) < MAX_STATEMENTS and all(fuzz.token_set_ratio(each, text) < SAME for each in known):
        known.append(text)


def _facts(graph: "networkx.Graph[str]") -> Iterable[Fact]:
    for number, (one, other, edge) in enumerate(graph.edges(data=True), start=1):
        yield Fact(
            number=number,
            nodes=(one, other),
            entities=(graph.nodes[one]["name"], graph.nodes[other]["name"]),
            statements=tuple(edge["statements"]),
            chunks=tuple(edge["chunks"]),
            calls=tuple(edge["calls"]),
        )
