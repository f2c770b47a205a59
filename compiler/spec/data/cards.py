"""Data cards: the figures of a remote source, and checks that a card matches its source."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.spec.data.model import DataFile, Lengths, RowPair, Shared
from compiler.spec.evidence import EvidenceFile
from compiler.spec.schema.data_card import CardLengths, DataCard, Overlap
from compiler.spec.schema.training_spec import DataSource
from compiler.spec.yaml.document import SourceDocument


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A data card and its document."""

    document: SourceDocument
    card: DataCard


def cards_of(evidence: Iterable[EvidenceFile]) -> list[Card]:
    """Return the data cards among the evidence."""
    return [Card(document=each.document, card=each.report) for each in evidence if isinstance(each.report, DataCard)]


def file_of(card: DataCard, source: DataSource, model: str) -> DataFile:
    """Return the figures of a source from its card alone, for the base model `name/revision`."""
    body, pairs = card.spec, card.spec.pairs
    return DataFile(
        name=source.name,
        path="",
        uri=source.uri,
        size=body.bytes,
        sha256=card.metadata.digest,
        rows=body.rows,
        answered=pairs.answered if pairs else 0,
        unanswered=pairs.unanswered if pairs else 0,
        near=pairs.near if pairs else 0,
        same=pairs.same if pairs else 0,
        same_rows=tuple(pairs.same_rows) if pairs else (),
        repeated=body.duplicates.exact,
        prompt_versions=tuple(sorted(body.prompt_versions)),
        models=tuple(sorted((each.model, each.rows) for each in body.models)),
        classes=tuple(sorted((each.name.value, each.rows) for each in body.classes)),
        text_bytes=body.text_bytes,
        lengths=_lengths(body.lengths, model),
        shared=tuple(_shared(each) for each in body.overlaps),
    )


def with_card(file: DataFile, card: DataCard, model: str) -> DataFile:
    """Add the figures that only the card has: lengths in tokens, and overlaps with sources whose rows are elsewhere."""
    known = {each.name for each in file.shared}
    lengths = _lengths(card.spec.lengths, model)
    return replace(
        file,
        lengths=lengths if lengths is not None and lengths.unit == "tokens" else file.lengths,
        shared=(*file.shared, *(_shared(each) for each in card.spec.overlaps if each.source not in known)),
    )


def disagreements(
    card: Card, source: DataSource, sha256: str | None, near_distance: float, spec_path: str
) -> Iterator[Diagnostic]:
    """Report how a card differs from its source; `sha256` is None if the rows are elsewhere."""
    body, document = card.card.spec, card.document
    hint = f"measure it again: trainspec data {spec_path}"
    if source.uri is not None:
        hint += f" --source {source.name} --from PATH (where the rows are)"
    if sha256 is not None and card.card.metadata.digest != sha256:
        message = f"the content of data source `{source.name}` differs from its card: SHA-256 {sha256[:12]}…"
        yield diagnostic("CHK220", message, document.at(("metadata", "digest")), hint=hint)
    elif body.shape is not source.shape:
        message = f"the card of data source `{source.name}` has shape `{body.shape}`, but the spec has `{source.shape}`"
        yield diagnostic("CHK220", message, document.at(("spec", "shape")), hint=hint)
    elif sha256 is None and body.uri != source.uri:
        message = f"the card of data source `{source.name}` has another URI than `{source.uri}`"
        yield diagnostic("CHK220", message, document.at(("spec", "uri")), hint=hint)
    elif sha256 is None and body.pairs is not None and body.pairs.near_distance != near_distance:
        message = f"the card of `{source.name}` counts near pairs at {body.pairs.near_distance}, not at {near_distance}"
        yield diagnostic("CHK220", message, document.at(("spec", "pairs", "nearDistance")), hint=hint)


def _lengths(lengths: CardLengths, model: str) -> Lengths | None:
    """Return the lengths, or None if they are in tokens of another model."""
    if lengths.unit == "tokens" and lengths.tokenizer != model:
        return None
    return Lengths(
        unit=lengths.unit,
        p50=lengths.p50,
        p90=lengths.p90,
        p99=lengths.p99,
        max=lengths.max,
        longest=tuple((each.row, each.length) for each in lengths.longest),
        tokenizer=lengths.tokenizer,
    )


def _shared(overlap: Overlap) -> Shared:
    return Shared(
        name=overlap.source,
        sha256=overlap.digest,
        prompts=overlap.prompts,
        clusters=overlap.clusters,
        contained=overlap.contained,
        near=overlap.near,
        failed=overlap.failed,
        rows=tuple(RowPair(kind=each.kind, here=each.here, there=each.there) for each in overlap.rows),
    )
