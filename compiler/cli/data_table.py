"""The table of `trainspec data`: a row for each card, and the findings of each source below it."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from compiler.cli.console import table_console
from compiler.run.measure.update import MeasuredCard
from compiler.spec.schema.data_card import DataCard


def print_cards(results: Sequence[MeasuredCard]) -> None:
    """Print the cards, spec by spec."""
    console = table_console()
    for folder, cards in groupby(results, key=lambda result: str(Path(result.path).parent)):
        _one_spec(console, folder, list(cards))


def _one_spec(console: Console, folder: str, results: Sequence[MeasuredCard]) -> None:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("source", "rows", "type", "length p50/p99/max", "card"):
        shown.add_column(name, justify="right" if name == "rows" else "left", overflow="fold")
    for result in results:
        shown.add_row(*map(Text, (result.source, *_cells(result.card), result.state)))
    console.print(Text(folder, overflow="fold"), style="bold")
    console.print(shown)
    for result in results:
        languages, *others = _found(result.card)
        for indent, line in ((2, f"{result.source}: {languages}"), *((4, each) for each in others)):
            console.print(Padding(Text(line, overflow="fold"), (0, 0, 0, indent), expand=False))


def _cells(card: DataCard) -> tuple[str, ...]:
    body, lengths = card.spec, card.spec.lengths
    kind = "evaluation" if body.dataset_type == "none" else body.dataset_type
    turns = " (turns)" if body.format == "conversational" else ""
    return (
        f"{body.rows:,}",
        f"{kind}{turns}",
        f"{lengths.p50:,}/{lengths.p99:,}/{lengths.max:,} {lengths.unit}",
    )


def _found(card: DataCard) -> list[str]:
    """Return short findings on the rows of a source, its languages first."""
    body = card.spec
    found = [
        " ".join(f"{each.language} {share:.0%}" for each in body.languages if (share := each.rows / body.rows) >= 0.01)
        or "no language"
    ]
    repeated = _counts((body.duplicates.exact, "exactly"), (body.duplicates.near, "nearly"))
    if repeated:
        found.append(f"rows that repeat earlier ones: {repeated}")
    if body.pairs is not None:
        counts = (
            (body.pairs.same, "the same"),
            (body.pairs.near, "nearly the same"),
            (body.pairs.unanswered, "without a logged answer"),
        )
        pairs = _counts((body.pairs.answered, "differ"), *counts)
        found.append(f"pairs: {pairs}")
    for each in body.overlaps:
        words = (
            _plural(each.prompts, "question"),
            _plural(each.clusters, "cluster"),
            (each.near, "nearly"),
            _plural(each.failed, "failed answer"),
        )
        shared = _counts(*words)
        if shared:
            found.append(f"shared with {each.source}: {shared}")
    hints = _counts(*((each.rows, each.kind) for each in body.pii))
    if hints:
        found.append(f"rows that may hold personal data: {hints}")
    return found


def _counts(*counts: tuple[int, str]) -> str:
    return ", ".join(f"{count:,} {what}" for count, what in counts if count)


def _plural(count: int, word: str) -> tuple[int, str]:
    return count, word if count == 1 else f"{word}s"
