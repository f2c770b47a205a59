"""No table is wider than its terminal, whatever the names and verdicts: in 60 columns, in 80, and in a pipe."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeSpec
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from support.command import invoke

from compiler.cli.console import PLAIN_WIDTH, table_console
from compiler.cli.run_summary import summary
from compiler.diagnostics.render.text import display_width
from compiler.explain.wrap import wrapped
from compiler.run.cluster.show.rows import Row
from compiler.run.cluster.show.table import overview
from compiler.run.local.jobs import LocalJob
from compiler.run.local.results import Result

NAMES = st.text("abc-/_ 中文（，", min_size=1, max_size=90)
WIDTHS = st.integers(40, 130)
SHARES = st.floats(0, 1)
INTERVALS = st.fixed_dictionaries({"value": SHARES, "low": SHARES, "high": SHARES, "n": st.integers(1, 10**6)})
GATES = st.fixed_dictionaries(
    {
        "verdict": st.sampled_from(["continue", "target-met", "no-gain", "worse"]),
        "reason": NAMES,
        **dict.fromkeys(("gain", "gain_low", "gain_high"), SHARES),
    }
)
METRICS = st.fixed_dictionaries(
    {
        "metrics": st.dictionaries(NAMES, INTERVALS, max_size=3),
        "gate": st.none() | GATES,
        "score": NAMES,
        "steps": st.integers(0, 10**7),
        "wall_seconds": st.floats(0, 1e7),
        "parts": st.lists(SHARES, max_size=4),
        "peak_memory_mb": st.integers(1, 10**7),
        "report": st.just({"broken": {"count": 3}, "badcases": {"fixed": 1, "n": 9}}),
    }
)


def lines_of(shown: Iterable[RenderableType], width: int, **options: Any) -> list[str]:
    """The lines of a console that is `width` columns wide."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, **options)
    for each in shown:
        console.print(each, crop=False)
    return stream.getvalue().splitlines()


def job(name: str, method: str, *, finished: bool) -> LocalJob:
    """A Job of a plan, with what the table reads."""
    return LocalJob(
        name=f"shop-{name}",
        stage=name,
        method=method,
        finished=finished,
        order=1,
        needs="",
        args=(),
        env={},
        secrets=(),
        volumes=(),
        config_text="",
        config={},
        backoff_limit=0,
        deadline_seconds=1,
        grace_seconds=1,
        never_retry=frozenset(),
    )


@given(
    st.lists(st.tuples(NAMES, st.sampled_from(["sft", "evaluate", "load"]), st.booleans()), min_size=1, max_size=4),
    st.lists(METRICS, min_size=4, max_size=4),
    st.booleans(),
    WIDTHS,
)
def test_the_end_table_of_a_run_fits(
    stages: list[tuple[str, str, bool]], metrics: list[dict[str, Any]], no_color: bool, width: int
) -> None:
    jobs = [job(name, method, finished=finished) for name, method, finished in stages]
    results = {
        each.name: Result(job=each, metrics=found, ran_now=True)
        for each, found in zip(jobs, metrics, strict=False)
        if not each.finished
    }
    lines = lines_of([summary(jobs, results)], width, no_color=no_color)
    assert max(map(display_width, lines)) <= width
    if no_color:
        assert "\x1b[3" not in "".join(lines)


@given(st.lists(st.tuples(NAMES, NAMES, NAMES, NAMES), min_size=1, max_size=3), st.booleans(), WIDTHS)
def test_the_tables_of_status_fit(cells: list[tuple[str, ...]], fold: bool, width: int) -> None:
    rows = [
        Row(plan="shop", namespace="ml", stage=stage, job="x", state=state, score=score, reason=reason, advice=reason)
        for stage, state, score, reason in cells
    ]
    lines = lines_of([overview(rows, fold=fold)], width)
    table = [line for line in lines if fold or line[:1] in "┏┃┡│└├"]
    assert max(map(display_width, table)) <= width
    if not fold:  # a command to copy stays in one line
        assert any(f"→ {cells[0][3]}".rstrip() in line for line in lines)


@given(NAMES, st.integers(0, 12), WIDTHS)
def test_a_wrapped_line_fits(text: str, indent: int, columns: int) -> None:
    lines = wrapped(text, indent, columns=columns)
    assert max(map(display_width, lines)) <= columns
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_pipe_has_80_columns_unless_the_caller_sets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert table_console().width == PLAIN_WIDTH
    for columns, width in (("60", 60), ("0", PLAIN_WIDTH), ("wide", PLAIN_WIDTH)):
        monkeypatch.setenv("COLUMNS", columns)
        assert table_console().width == width


@pytest.mark.parametrize("columns", ["60", "80"])
def test_the_commands_on_specs_fit(make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    rows = [
        {"prompt": f"客户 {at} 的电话 13912345678？", "completion": "已登记", "cluster": f"c{at}"} for at in range(9)
    ]
    spec = make_spec(("name: demos", "name: demonstrations-of-a-very-long-name-that-nobody-abbreviates"), demos=rows)
    monkeypatch.chdir(spec.parent.parent.parent)
    shown = str(Path("specs") / "shop")
    for command in (("data", shown), ("check", shown)):
        done = invoke(*command)
        assert done.stdout
        assert max(map(display_width, done.stdout.splitlines())) <= int(columns), done.stdout
    brief = invoke("explain", shown).stdout.splitlines()
    assert max(map(display_width, brief)) <= 80


@pytest.mark.parametrize(
    "folder", sorted((Path(__file__).parents[2] / "specs").glob("*/spec.yaml")), ids=lambda each: each.parent.name
)
def test_the_whole_trace_fits_80_columns(folder: Path) -> None:
    lines = invoke("explain", str(folder.parent), "--full").stdout.splitlines()
    assert len(lines) > 10
    assert [line for line in lines if display_width(line) > 80] == []
