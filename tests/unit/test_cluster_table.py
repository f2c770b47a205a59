"""What a terminal shows of many plans that are followed."""

from rich.console import Console

from compiler.cluster.rows import Row
from compiler.cluster.table import screenful

PLANS = [[Row(plan=f"plan-{number}", stage="sft", job="x", state="waits")] for number in range(50)]


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
