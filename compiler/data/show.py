"""What `trainspec data` prints: a table of the cards, a row each."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from compiler.data.command import Result
from compiler.schema.v1.data_card import DataCard

PLAIN_WIDTH = 200  # where there is no terminal whose width counts


def table(results: Sequence[Result]) -> None:
    """Print the cards."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in (
        "source",
        "rows",
        "type",
        "length p50/p99/max",
        "repeated",
        "languages",
        "personal data",
        "overlaps",
        "card",
    ):
        shown.add_column(name, justify="right" if name == "rows" else "left", overflow="fold")
    for result in results:
        shown.add_row(result.source, *_cells(result.card), f"{result.path} {result.state}")
    console.print(shown)


def _cells(card: DataCard) -> tuple[str, ...]:
    body, lengths = card.spec, card.spec.lengths
    kind = "" if body.dataset_type == "none" else f"{body.dataset_type}, "
    overlaps = [
        f"{each.source}: {', '.join(parts)}"
        for each in body.overlaps
        if (
            parts := _parts(
                (each.prompts, "prompts"), (each.clusters, "clusters"), (each.near, "near"), (each.failed, "failed")
            )
        )
    ]
    return (
        f"{body.rows:,}",
        f"{kind}{body.format}",
        f"{lengths.p50:,}/{lengths.p99:,}/{lengths.max:,} {lengths.unit}",
        ", ".join(_parts((body.duplicates.exact, "exact"), (body.duplicates.near, "near"))) or "-",
        " ".join(f"{each.language} {each.rows / body.rows:.0%}" for each in body.languages[:3]) or "-",
        ", ".join(f"{each.kind} {each.rows:,}" for each in body.pii) or "-",
        "; ".join(overlaps) or "-",
    )


def _parts(*counts: tuple[int, str]) -> list[str]:
    return [f"{count:,} {what}" for count, what in counts if count]
