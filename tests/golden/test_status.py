"""The status of plans in every state: `status/table.txt` on a terminal, `status/lines.txt` elsewhere."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from compiler.run.cluster.show.rows import Row
from compiler.run.cluster.show.table import ChangedLines, overview

HERE = Path(__file__).parent / "status"


def row(stage: str, state: str, **fields: object) -> Row:
    return Row(plan="shop", namespace="training", stage=stage, job=f"shop-{stage}-0123456789", state=state, **fields)


ROWS = [
    row("evaluate-base", "finished", reason="known when compiled"),
    row("sft", "complete", starts=1),
    row("evaluate-sft", "complete", starts=2, score="0.412 (0.330 to 0.498)"),
    row("pairs", "running", starts=1, pods="running × 1"),
    row(
        "dpo",
        "running",
        starts=1,
        pods="pending × 1, running × 1",
        done=120,
        total=400,
        loss=0.6931,
        seconds_left=4000.0,
    ),
    row("evaluate-dpo", "pending", reason="0/4 nodes fit: 回答订单问题 " * 4, advice="wait, or ask for a smaller GPU"),
    row("reward", "failed", starts=3, reason="exit 65: a row is bad", advice="trainspec logs specs/shop/plan reward"),
    row("grpo", "waits"),
    Row(plan="mail", namespace="ml", stage="sft", job="mail-sft-0123456789", state="pending", reason="in a queue"),
]


def table() -> str:
    console = Console(width=90, color_system=None)
    with console.capture() as captured:
        console.print(overview(ROWS))
    return captured.get()


def lines() -> str:
    changed = ChangedLines()
    shown = "".join(f"{line}\n" for line in changed.of(ROWS))
    assert list(changed.of(ROWS)) == [], "no row has changed"
    return shown


@pytest.mark.parametrize("show", [table, lines], ids=["table", "lines"])
def test_a_status_is_shown(show: Callable[[], str], update_golden: bool) -> None:
    path = HERE / f"{show.__name__}.txt"
    text = "".join(f"{line.rstrip()}\n" for line in show().splitlines())
    if update_golden:
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
