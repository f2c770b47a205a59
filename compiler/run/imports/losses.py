"""The words and codes of each kind of loss, and how often an import met it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.diagnostics.wording import counted
from compiler.run.imports.whole import Assembled, Found
from runtime.contract.data.file_formats import has_lines
from runtime.contract.traces import Loss, LossKind, refusing

CODES: dict[LossKind, str] = {
    "no-query": "TRC804",
    "no-answer": "TRC805",
    "no-error": "TRC806",
    "no-latency": "TRC807",
    "clock": "TRC808",
    "cut-text": "TRC809",
    "doubled": "TRC810",
    "encoding": "TRC811",
    "no-parent": "TRC812",
    "no-model": "TRC813",
    "no-tokens": "TRC814",
    "redacted": "TRC815",
    "window": "TRC816",
    "no-detail": "TRC817",
    "roots": "TRC818",
}
WORDS: dict[LossKind, str] = {
    "no-query": "no input",
    "no-answer": "no output, and no error",
    "no-error": "a failure without an error",
    "no-latency": "no start or no end",
    "clock": "times that cannot be",
    "cut-text": "text that was cut",
    "doubled": "a step twice",
    "encoding": "text that was decoded wrongly",
    "no-parent": "a parent that is missing",
    "no-model": "a call of a model without its name",
    "no-tokens": "a call of a model without token counts",
    "redacted": "masked text",
    "window": "a time without any trace",
    "no-detail": "values that were left out",
    "roots": "several roots under one id",
}


@dataclass(kw_only=True, slots=True)
class LossCount:
    """One kind of loss: the traces that have it and no longer count, its number, and the first place and detail."""

    kind: LossKind
    traces: int = 0
    refused: int = 0
    number: int = 0
    file: int = 0
    line: int = 0
    detail: str = ""
    step: str = ""


@dataclass(kw_only=True, slots=True)
class Tally:
    """What an import came to."""

    traces: int = 0
    steps: int = 0
    evidence: int = 0
    badcases: int = 0
    unfixed: int = 0
    losses: dict[LossKind, LossCount] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)

    def add(self, trace: Assembled, source: str) -> bool:
        """Count a trace; return whether it counts as evidence."""
        self.traces += 1
        self.steps += trace.steps
        self.sources[source] = self.sources.get(source, 0) + 1
        usable = not refusing([Loss.model_construct(kind=each.kind, step=each.step) for each in trace.losses])
        self.evidence += usable
        for kind in {each.kind for each in trace.losses}:
            alone = [Loss.model_construct(kind=each.kind, step=each.step) for each in trace.losses if each.kind == kind]
            self._count([each for each in trace.losses if each.kind == kind], refused=bool(refusing(alone)))
        if trace.copies:
            self._count(trace.copies, refused=False)
        return usable

    def _count(self, found: Sequence[Found], *, refused: bool) -> None:
        first = found[0]
        held = self.losses.setdefault(
            first.kind,
            LossCount(kind=first.kind, file=first.file, line=first.line, detail=first.detail, step=first.step),
        )
        held.traces += 1
        held.refused += refused
        held.number += len(found)

    def merge(self, other: "Tally") -> None:
        """Add what was counted elsewhere, later in the order of traces."""
        for name in ("traces", "steps", "evidence", "badcases", "unfixed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for source, number in other.sources.items():
            self.sources[source] = self.sources.get(source, 0) + number
        for kind, theirs in other.losses.items():
            ours = self.losses.get(kind)
            if ours is None:
                self.losses[kind] = theirs
            else:
                ours.traces, ours.refused = ours.traces + theirs.traces, ours.refused + theirs.refused
                ours.number += theirs.number

    def in_order(self) -> list[LossCount]:
        """Return the losses by code."""
        return [self.losses[kind] for kind in CODES if kind in self.losses]


def loss_diagnostics(tally: Tally, files: Sequence[str]) -> Iterator[Diagnostic]:
    """Yield a warning for each kind of loss, at the first place that shows it."""
    for each in tally.in_order():
        detail = f" (first: {_where(each)})" if each.detail or each.step else ""
        refused = f"; {each.refused:,} do not count as evidence" if each.refused else ""
        message = f"{counted(each.traces, 'trace')} with {WORDS[each.kind]}{detail}{refused}"
        yield diagnostic(CODES[each.kind], message, location(files, each.file, each.line))


def _where(each: LossCount) -> str:
    step = f"step `{each.step[:80]}`" if each.step else ""
    return ", ".join(filter(None, (step, each.detail)))


def location(files: Sequence[str], file: int, line: int) -> Location:
    """Return the place of a row; a file without lines is named as a whole."""
    path = files[file]
    return Location(path=path, line=line, column=1, end_column=2) if has_lines(path) else Location(path=path)
