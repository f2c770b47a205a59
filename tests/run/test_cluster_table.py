"""The table of many plans on a terminal."""

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from compiler.run.cluster.show.rows import Row
from compiler.run.cluster.show.table import screenful

PLANS = [[Row(plan=f"plan-{number}", namespace="ml", stage="sft", job="x", state="waits")] for number in range(50)]


def shown(height: int) -> str:
    console = Console(width=80, height=height)
    with console.capture() as captured:
        console.print(screenful(PLANS, height))
    return captured.get()


def test_a_screen_shows_as_many_plans_as_fit_and_counts_the_others() -> None:
    text = shown(25)
    assert "plan-3" in text
    assert "plan-4" not in text
    assert "and 46 more plans" in text
    assert len(text.splitlines()) <= 25


def test_a_small_screen_shows_one_plan() -> None:
    assert "plan-0" in shown(3)
    assert "and 49 more plans" in shown(3)


def test_a_large_screen_shows_all() -> None:
    text = shown(1000)
    assert "plan-49" in text
    assert "more" not in text


def test_the_docs_name_every_field_that_scripts_read() -> None:
    made = Row(plan="x", namespace="ml", stage="sft", job="x-sft", state="running", done=1, total=2)
    made = replace(made, loss=1.0, seconds_left=9.0, starts=1, pods="x", score="x", reason="x", advice="x")
    text = (Path(__file__).parents[2] / "docs" / "cluster.md").read_text(encoding="utf-8")
    table = text.partition("trainspec.dev/status/v1")[2].partition("## Results")[0]
    assert [name for name in made.as_dict() if f"`{name}`" not in table] == []


def test_a_reason_that_a_terminal_wraps_keeps_its_indent() -> None:
    row = Row(plan="x", namespace="ml", stage="sft", job="x-sft", state="pending", reason="no room " * 20)
    console = Console(width=60)
    with console.capture() as captured:
        console.print(screenful([[row]], 50))
    lines = captured.get().splitlines()
    wrapped = lines[next(index for index, line in enumerate(lines) if "sft: no room" in line) :]
    assert len(wrapped) > 2
    assert all(line.startswith("  ") for line in wrapped)
