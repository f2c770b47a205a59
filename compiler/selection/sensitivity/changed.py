"""Copies of a spec's inputs with one figure changed; nothing is validated again."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any

from compiler.spec.data import DataFile
from compiler.spec.data.model import Places
from compiler.spec.inputs import Inputs
from compiler.spec.schema.evidence import PromptRounds
from compiler.spec.schema.provenance import EvidenceDocument

Path = tuple[str | int, ...]


def value_at(node: Any, path: Path) -> Any:
    """Return the value at a path of attributes and list indexes."""
    for key in path:
        node = node[key] if isinstance(key, int) else getattr(node, key)
    return node


def with_value(node: Any, path: Path, value: object) -> Any:
    """Return a copy of a frozen model or list with the value at a path replaced."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(key, int):
        return [with_value(each, rest, value) if index == key else each for index, each in enumerate(node)]
    return node.model_copy(update={key: with_value(getattr(node, key), rest, value)})


def with_spec(inputs: Inputs, path: Path, value: object) -> Inputs:
    """Return the inputs with one field of the spec's body replaced."""
    return replace(inputs, spec=with_value(inputs.spec, ("spec", *path), value))


def with_report(inputs: Inputs, index: int, report: EvidenceDocument) -> Inputs:
    """Return the inputs with the report of one evidence file replaced."""
    files = list(inputs.evidence)
    files[index] = replace(files[index], report=report)
    return replace(inputs, evidence=tuple(files))


def with_questions(inputs: Inputs, now: int, questions: int) -> Inputs:
    """Return the inputs with another number of questions in every prompt round that has `now`, its score unchanged."""
    files = [
        replace(each, report=_asked(each.report, now, questions)) if isinstance(each.report, PromptRounds) else each
        for each in inputs.evidence
    ]
    return replace(inputs, evidence=tuple(files))


def _asked(report: PromptRounds, now: int, questions: int) -> PromptRounds:
    rounds = [
        each.model_copy(update={"questions": questions}) if each.questions == now else each
        for each in report.spec.rounds
    ]
    changed: PromptRounds = with_value(report, ("spec", "rounds"), rounds)
    return changed


def with_rows(inputs: Inputs, name: str, rows: int) -> Inputs:
    """Return the inputs with more or fewer rows in a source.

    All its counts keep their shares, so that a source in which every row is answered stays one.
    """
    return _with_file(inputs, name, lambda file: resized(file, rows))


def with_count(inputs: Inputs, name: str, field: str, count: int) -> Inputs:
    """Return the inputs with one count of a source replaced."""
    return _with_file(inputs, name, lambda file: _replaced(file, {field: count}))


def _with_file(inputs: Inputs, name: str, change: Callable[[DataFile], DataFile]) -> Inputs:
    return replace(inputs, files={**inputs.files, name: change(inputs.files[name])})


def resized(file: DataFile, rows: int) -> DataFile:
    """Return the figures of a file with `rows` rows of the same kinds."""

    def scaled(count: int) -> int:
        return rows if count == file.rows else min(rows, round(count * rows / file.rows)) if file.rows else 0

    counts = ("answered", "unanswered", "near", "same", "repeated", "trajectories", "judged")
    changed: dict[str, Any] = {name: scaled(getattr(file, name)) for name in counts}
    classes = _shared_out([count for _, count in file.classes], rows)
    changed["classes"] = tuple((name, count) for (name, _), count in zip(file.classes, classes, strict=True) if count)
    models = _shared_out([count for _, count in file.models], rows)
    changed["models"] = tuple((name, count) for (name, _), count in zip(file.models, models, strict=True) if count)
    sizes = _shared_out([each.rows for each in file.labels], rows)
    changed["labels"] = tuple(
        replace(
            each,
            rows=size,
            answered=size if each.answered == each.rows else round(each.answered * size / each.rows),
            near=min(size, round(each.near * size / each.rows)),
        )
        for each, size in zip(file.labels, sizes, strict=True)
        if size
    )
    return _replaced(file, changed | {"rows": rows, "clusters": _clusters(file, rows)})


def _clusters(file: DataFile, rows: int) -> Places:
    """Return the clusters of more or fewer rows: as many a row as now."""
    wanted = round(len(file.clusters) * rows / file.rows) if file.rows else 0
    new = {b"new %d" % number: number for number in range(wanted - len(file.clusters))}
    return dict(islice(file.clusters.items(), wanted)) | new


def _replaced(file: DataFile, changed: dict[str, Any]) -> DataFile:
    return replace(file, **changed)


def _shared_out(counts: list[int], total: int) -> list[int]:
    """Return counts of the same proportions that add up to `total`; the largest takes the remainder."""
    before = sum(counts)
    if not before:
        return counts
    shares = [count * total // before for count in counts]
    shares[counts.index(max(counts))] += total - sum(shares)
    return shares
