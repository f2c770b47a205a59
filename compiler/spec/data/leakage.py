"""Compares the rows of a source with the questions of the evaluation sources that were read before it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from compiler.spec.data.model import MAX_SHOWN_ROWS, DataFile, RowPair, Shared
from compiler.spec.data.texts import Row
from compiler.spec.schema.training_spec import DataSource
from compiler.spec.schema.types import Shape
from runtime.contract.leakage.held_out import Comparison, HeldOut


class Watcher:
    """Reads one source beside its tally: questions of an evaluation source, or rows that are compared with them.

    `held_out` collects the evaluation sources that were read; `files` are the figures of all sources that were read.
    """

    def __init__(self, source: DataSource, held_out: dict[str, HeldOut], files: Mapping[str, DataFile]) -> None:
        self._files = files
        self._comparisons: list[tuple[str, Comparison]] = []
        self._takes: list[Callable[[Row, list[str], str], None]] = []
        if is_evaluation(source):
            held_out[source.name] = HeldOut()
            self._takes = [held_out[source.name].watch]
        else:
            self._comparisons = [(name, Comparison(each)) for name, each in held_out.items() if name in files]
            self._takes = [each.watch for _, each in self._comparisons]

    def watch(self, row: Row, texts: list[str], place: str) -> None:
        """Take one row."""
        for take in self._takes:
            take(row, texts, place)

    def result(self, file: DataFile) -> DataFile:
        """Return the figures of the source with what it shares with evaluation sources."""
        return replace(file, shared=tuple(shared_rows(each, self._files[name]) for name, each in self._comparisons))


def is_evaluation(source: DataSource) -> bool:
    """Whether the source is for evaluation."""
    return source.shape is Shape.EVALUATION


def may_leak(source: DataSource) -> bool:
    """Whether the source can ask evaluation questions; a corpus asks none, but may quote them."""
    return not is_evaluation(source) and source.shape is not Shape.TEXT


def shared_rows(comparison: Comparison, held_out: DataFile) -> Shared:
    """Return what a comparison found; `held_out` are the figures of the evaluation source."""
    found = [RowPair(kind=each.kind, here=each.here, there=each.there) for each in comparison.found()]
    contained = [each for each in found if each.kind == "contained"]
    near = [each for each in found if each.kind == "near"]
    quoted = [each for each in found if each.kind == "quoted"]
    return Shared(
        name=held_out.name,
        sha256=held_out.sha256,
        contained=len(contained),
        near=len(near),
        quoted=len(quoted),
        rows=(*contained[:MAX_SHOWN_ROWS], *near[:MAX_SHOWN_ROWS], *quoted[:MAX_SHOWN_ROWS]),
    )
