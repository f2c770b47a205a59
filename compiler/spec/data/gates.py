"""Checks of data sources beyond single rows: overlaps, pairs, wrong answers and lengths."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.diagnostics.wording import counted
from compiler.spec.data.leakage import is_evaluation, may_leak
from compiler.spec.data.model import MAX_SHOWN_ROWS, DataFile, Places, Shared
from compiler.spec.schema.training_spec import TrainingSpec
from compiler.spec.schema.types import Purpose, Shape
from compiler.spec.yaml.document import SourceDocument
from runtime.contract.data.shapes import SHAPES, SYNTHETIC

FITTING_SHAPES: dict[Purpose, tuple[Shape, ...]] = {
    purpose: tuple(Shape(shape) for shape, row in SHAPES.items() if purpose in row.purposes) for purpose in Purpose
}
# the mean token of a row hardly ever has more bytes with a byte-level tokenizer, so a row of more bytes is too long
BYTES_PER_TOKEN = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlap:
    """Overlap of a source with an evaluation source.

    `rows` names the first rows that share a prompt or cluster or contain a question, as `here (there)`. `measured` is
    False if one of the two is remote and no card covers the other source as it is now. `accepted` counts the near
    questions that the spec keeps, which `near` does not count.
    """

    evaluation: str
    other: str
    prompts: int = 0
    clusters: int = 0
    contained: int = 0
    near: int = 0
    rows: tuple[str, ...] = ()
    near_rows: tuple[str, ...] = ()
    accepted: int = 0
    measured: bool = True

    @property
    def found(self) -> bool:
        """Whether the sources share anything."""
        return bool(self.prompts or self.clusters or self.contained or self.near)


def overlaps(spec: TrainingSpec, files: Mapping[str, DataFile]) -> tuple[Overlap, ...]:
    """Return the overlaps of evaluation sources with sources to train on, in the spec's order."""
    sources = [source for source in spec.spec.data if source.name in files]
    return tuple(
        _overlap(files[held_out.name], files[other.name], keeps_near=other.near_questions is not None)
        for held_out in sources
        if is_evaluation(held_out)
        for other in sources
        if may_leak(other)
    )


def _overlap(held_out: DataFile, other: DataFile, *, keeps_near: bool) -> Overlap:
    found = _card_of(other, held_out)
    local = held_out.uri is None and other.uri is None
    rows = [*_common(other, held_out, "prompts"), *_common(other, held_out, "clusters")] if local else []
    kinds = ("contained",) if local else ("prompt", "cluster", "contained")
    if found is None:
        found = Shared(name=held_out.name, sha256=held_out.sha256)
        measured = local
    else:
        measured = True
    return Overlap(
        evaluation=held_out.name,
        other=other.name,
        prompts=len(other.prompts.keys() & held_out.prompts.keys()) if local else found.prompts,
        clusters=len(other.clusters.keys() & held_out.clusters.keys()) if local else found.clusters,
        contained=found.contained,
        near=0 if keeps_near else found.near,
        accepted=found.near if keeps_near else 0,
        rows=(*rows, *_row_names(found, kinds))[:MAX_SHOWN_ROWS],
        near_rows=_row_names(found, ("near",)),
        measured=measured,
    )


def _card_of(file: DataFile, other: DataFile) -> Shared | None:
    """Return what `file` shares with the current content of `other`, from its rows or its card."""
    return next((each for each in file.shared if each.name == other.name and each.sha256 == other.sha256), None)


def _row_names(card: Shared, kinds: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"`{each.here}` (`{each.there}`)" for each in card.rows if each.kind in kinds)[:MAX_SHOWN_ROWS]


def _common(file: DataFile, other: DataFile, what: str, of_other: str = "") -> list[str]:
    """Return the first rows of `file` whose digest is also in `other`, each with its row there."""
    mine: Places = getattr(file, what)
    theirs: Places = getattr(other, of_other or what)
    if not theirs:
        return []
    shared = sorted((place, key) for key, place in mine.items() if key in theirs)
    return [f"`{file.place(at)}` (`{other.place(theirs[key])}`)" for at, key in islice(shared, MAX_SHOWN_ROWS)]


def too_long(file: DataFile, max_length: int) -> str:
    """Describe the rows that would be cut or dropped at `max_length` tokens; empty if none.

    Token counts exclude the chat template, so a named row is too long with any template. If only bytes are known, a row
    is named if it has more than `BYTES_PER_TOKEN` bytes per allowed token.
    """
    lengths = file.lengths
    if lengths is None:
        return ""
    limit = max_length if lengths.unit == "tokens" else max_length * BYTES_PER_TOKEN
    if lengths.max <= limit:
        return ""
    shares = ((lengths.p50, "more than half"), (lengths.p90, "more than a tenth"), (lengths.p99, "more than 1 %"))
    share = next((words for value, words in shares if value > limit), "at most 1 %")
    rows = ", ".join(f"`{row}` ({length:,})" for row, length in lengths.longest if length > limit)
    what = f"{max_length:,} tokens" if lengths.unit == "tokens" else f"{max_length:,} tokens ({limit:,} bytes)"
    return f"{share} of its rows are longer than {what}; the longest, in {lengths.unit}: {rows or f'{lengths.max:,}'}"


def problems(document: SourceDocument, spec: TrainingSpec, files: Mapping[str, DataFile]) -> Iterator[Diagnostic]:
    """Report problems of the sources. Exact leakage is left to rule D14."""
    for index, source in enumerate(spec.spec.data):
        where = document.at(("spec", "data", index))
        file = files.get(source.name)
        if is_evaluation(source) and source.synthetic:
            message = f"evaluation source `{source.name}` is synthetic"
            hint = "evaluate on rows of real users or experts, and use synthetic rows for training"
            yield diagnostic("CHK228", message, document.at(("spec", "data", index, "synthetic")), hint=hint)
        if (is_evaluation(source) or source.shape is Shape.BADCASE) and file is not None and file.synthetic:
            yield _synthetic_rows(file, where)
        if file is not None and SHAPES[source.shape].sides:
            yield from _pair_problems(document, index, file)
        if file is not None:
            for failed, count, rows in _failed_targets(spec, file, files):
                teach = f"{counted(count, 'row')} of `{file.name}` {'teaches' if count == 1 else 'teach'}"
                message = f"{teach} an answer that badcase source `{failed}` logs as wrong"
                hint = f"correct the answer, or remove the rows: {', '.join(rows)}"
                yield diagnostic("CHK227", message, where, hint=hint)
    yield from _form_problems(document, spec, files)
    yield from _overlap_problems(document, spec, files)
    yield from _quotes(document, spec, files)


def _synthetic_rows(file: DataFile, where: Location) -> Diagnostic:
    """Report rows that evaluations ask, badcases too, and that say that a model wrote them, whatever the spec says."""
    shown = f" ({', '.join(f'`{row}`' for row in file.synthetic_rows)})" if file.synthetic_rows else ""
    rows = counted(file.synthetic, "row")
    message = (
        f"a model wrote {rows} of `{file.name}`, on which stages are evaluated: column `{SYNTHETIC}` says so{shown}"
    )
    return diagnostic("CHK250", message, where, hint="remove them, and evaluate on rows of real users or experts")


def _pair_problems(document: SourceDocument, index: int, file: DataFile) -> Iterator[Diagnostic]:
    where = document.at(("spec", "data", index))
    if not file.answered and file.unanswered < file.rows:
        message = f"data source `{file.name}` has no usable pair: both answers are the same in every row"
        yield diagnostic("CHK214", message, where, hint="give each row a wrong answer that differs from the right one")
    elif file.same:
        rows = ", ".join(f"`{row}`" for row in file.same_rows)
        message = f"data source `{file.name}`: in {file.same} of {file.rows} rows both answers are the same ({rows})"
        hint = "remove these rows: they are left out of training"
        yield diagnostic("CHK225", message, where, hint=hint)


def _form_problems(document: SourceDocument, spec: TrainingSpec, files: Mapping[str, DataFile]) -> Iterator[Diagnostic]:
    """Report sources to train on that ask in another form than the evaluation: only turns have a chat template."""
    known = {name: file.conversational for name, file in files.items()}
    held_out = [source for source in spec.spec.data if is_evaluation(source) and source.purpose is Purpose.EVALUATION]
    for source in held_out:
        for index, other in enumerate(spec.spec.data):
            forms = known.get(source.name), known.get(other.name)
            if not may_leak(other) or other.purpose is Purpose.GENERAL or None in forms or forms[0] == forms[1]:
                continue
            asks, taught = ("turns", "plain text") if forms[0] else ("plain text", "turns")
            message = f"`{other.name}` is written as {taught}, but evaluation source `{source.name}` asks in {asks}"
            hint = "write both in one form: a model that learns one is asked otherwise than it was taught"
            yield diagnostic("CHK238", message, document.at(("spec", "data", index)), hint=hint)


def _failed_targets(
    spec: TrainingSpec, file: DataFile, files: Mapping[str, DataFile]
) -> Iterator[tuple[str, int, Sequence[str]]]:
    """Yield badcase sources whose wrong answers the source teaches, with the count and first rows."""
    for source in spec.spec.data:
        other = files.get(source.name)
        if source.shape is not Shape.BADCASE or other is None:
            continue
        if file.targets and other.failures:
            count = len(file.targets.keys() & other.failures.keys())
            if count:
                yield source.name, count, _common(file, other, "targets", "failures")
        elif (card := _card_of(file, other)) and card.failed:
            yield source.name, card.failed, _row_names(card, ("failed",))


def _overlap_problems(
    document: SourceDocument, spec: TrainingSpec, files: Mapping[str, DataFile]
) -> Iterator[Diagnostic]:
    indexes = {source.name: index for index, source in enumerate(spec.spec.data)}
    for each in overlaps(spec, files):
        where = document.at(("spec", "data", indexes[each.other]))
        if not each.measured:
            message = f"the overlap of `{each.other}` and evaluation source `{each.evaluation}` was not measured"
            hint = "run `trainspec data` where the rows of both are (`--source NAME --from PATH`), and commit the card"
            yield diagnostic("CHK231", message, where, hint=hint)
        elif each.near or each.accepted:
            count = each.near or each.accepted
            rows = f"{counted(count, 'row')} of `{each.other}` "
            rows += "is nearly the same as a question" if count == 1 else "are nearly the same as questions"
            shown = f": {', '.join(each.near_rows)}" if each.near_rows else ""
            message = f"{rows} of evaluation source `{each.evaluation}`{shown}"
            kept = spec.spec.data[indexes[each.other]].near_questions
            if kept is not None:
                hint = "ask a reviewer to compare them"
                yield diagnostic("CHK248", f"{message}; `{kept.owner}` keeps them: {kept.reason}", where, hint=hint)
            else:
                hint = f"remove them from `{each.other}`, or keep other questions with `nearQuestions` and a reason"
                yield diagnostic("CHK229", message, where, hint=hint)


def _quotes(document: SourceDocument, spec: TrainingSpec, files: Mapping[str, DataFile]) -> Iterator[Diagnostic]:
    """Report training texts that contain a whole held-out question: a model may know its answer by heart."""
    held_out = [source.name for source in spec.spec.data if is_evaluation(source) and source.name in files]
    for index, source in enumerate(spec.spec.data):
        if is_evaluation(source) or source.name not in files:
            continue
        for name in held_out:
            found = _card_of(files[source.name], files[name])
            if found is None or not found.quoted:
                continue
            rows = f"{counted(found.quoted, 'row')} of `{source.name}` {'quotes' if found.quoted == 1 else 'quote'}"
            shown = ", ".join(_row_names(found, ("quoted",)))
            message = f"{rows} a question of evaluation source `{name}` in a text: {shown}"
            hint = "remove them, or hold out other questions; keep them where users' passages quote questions as well"
            yield diagnostic("CHK239", message, document.at(("spec", "data", index)), hint=hint)
