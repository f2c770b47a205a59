"""Data cards: the figures of a remote source, and checks that a card matches its source."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.spec.data.labels import classes_of, labels_counted, labels_of_classes
from compiler.spec.data.model import DataFile, LabelCount, Lengths, RowPair, Shared
from compiler.spec.evidence import EvidenceFile
from compiler.spec.schema.data_card import CardLengths, DataCard, DataCardBody, Overlap
from compiler.spec.schema.training_spec import DataSource
from compiler.spec.schema.types import Shape
from compiler.spec.yaml.document import SourceDocument
from runtime.contract.data.labels import Labels
from runtime.contract.data.media import REMEDY, media_name, refusal
from runtime.contract.data.shapes import SYNTHETIC, TURN_COLUMNS

_HOLDS_MEDIA = {"text", "list", "object", "turns"}  # types of columns; counts and flags hold none


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
    labels = _labels(body)
    classes = tuple(sorted((each.name.value, each.rows) for each in body.classes))
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
        classes=classes or (classes_of(labels) if body.labels else ()),
        labels=labels,
        trajectories=body.trajectories,
        judged=body.judged,
        synthetic=sum(each.rows for each in body.columns if each.name == SYNTHETIC),
        conversational=body.format == "conversational" if TURN_COLUMNS[body.shape] else None,
        desirable=body.desirable,
        text_bytes=body.text_bytes,
        lengths=_lengths(body.lengths, model),
        shared=tuple(_shared(each) for each in body.overlaps),
    )


def _labels(body: DataCardBody) -> tuple[LabelCount, ...]:
    """Return the badcases by their labels; a card without `labels` has at most classes."""
    if body.shape is not Shape.BADCASE:
        return ()
    if not body.labels:
        classes = tuple((each.name.value, each.rows) for each in body.classes)
        answered, near = (body.pairs.answered, body.pairs.near) if body.pairs else (0, 0)
        return labels_of_classes(classes, body.rows, answered, near)
    counts: dict[Labels, Counter[str]] = {}
    for each in body.labels:
        labels = Labels(category=each.category.value, kind=each.kind, component=each.component)
        counts.setdefault(labels, Counter()).update(rows=each.rows, answered=each.answered, near=each.near)
    return labels_counted(counts)


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
    elif body.mapping != source.columns:
        message = f"the card of data source `{source.name}` was measured with other `columns` than the spec has"
        yield diagnostic("CHK220", message, document.at(("spec", "mapping")), hint=hint)
    elif sha256 is None and body.uri != source.uri:
        message = f"the card of data source `{source.name}` has another URI than `{source.uri}`"
        yield diagnostic("CHK220", message, document.at(("spec", "uri")), hint=hint)
    elif sha256 is None and body.pairs is not None and body.pairs.near_distance != near_distance:
        message = f"the card of `{source.name}` counts near pairs at {body.pairs.near_distance}, not at {near_distance}"
        yield diagnostic("CHK220", message, document.at(("spec", "pairs", "nearDistance")), hint=hint)


def media_columns(card: Card, source: DataSource) -> Iterator[Diagnostic]:
    """Report columns of a remote source whose names say that they hold images, audio or video.

    A card has no values, so text in a column named `image` counts as well.
    """
    for index, column in enumerate(card.card.spec.columns if source.uri is not None else ()):
        named = media_name(column.name) if column.rows else None
        if named and (not column.types or _HOLDS_MEDIA & set(column.types)):
            message = f"data source `{source.name}`, `{column.name}`: {refusal(named[0])}"
            hint = f"{REMEDY}; give a column of plain text another name; then measure the rows again"
            yield diagnostic("CHK236", message, card.document.at(("spec", "columns", index, "name")), hint=hint)


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
        quoted=overlap.quoted,
        failed=overlap.failed,
        rows=tuple(RowPair(kind=each.kind, here=each.here, there=each.there) for each in overlap.rows),
    )
