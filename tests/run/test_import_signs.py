"""The signs of losses by themselves: found in every damaged text and window, and in no natural one."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.run.imports.grouping import Bucket
from compiler.run.imports.texts import Lengths, has_cut_mark, is_mask, is_mojibake
from compiler.run.imports.windows import WIDTHS, gaps

HOUR = 3600 * 10**9
CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2)
NATURAL = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E) | st.characters(min_codepoint=0x3041, max_codepoint=0x9FA5)
)


@given(CHINESE)
def test_chinese_that_was_read_as_latin_1_is_found(text: str) -> None:
    assert is_mojibake(text.encode().decode("latin-1"))


@given(NATURAL)
def test_chinese_japanese_and_ascii_are_not_taken_for_broken_text(text: str) -> None:
    assert not is_mojibake(text.replace("?", "").replace("锟斤拷", "").replace("烫烫烫", ""))


@pytest.mark.parametrize(
    "text",
    [
        "Grüße aus Zürich",
        "déjà vu, garçon",
        "¿Qué tal? ¡Olé!",
        "Ærø, Ålesund",
        "naïve 12 €",
        "what????",
        "Łódź",
        "why????????",
        "????",
        "ПРИВЕТ",
        "à «Genève»",
    ],
)
def test_accents_are_not_taken_for_broken_text(text: str) -> None:
    assert not is_mojibake(text)


@pytest.mark.parametrize(
    "text", ["Let me think...", "so it goes…", "The log was truncated.", "see [1]", "(and so on)", "use [...]"]
)
def test_an_ellipsis_is_no_cut(text: str) -> None:
    assert not has_cut_mark(text)


@pytest.mark.parametrize(
    "text",
    [
        "abc...[truncated]",
        "abc… (truncated)",
        "abc <truncated>",
        "abc ... +512 chars",
        "a [1,024 characters omitted] b",
    ],
)
def test_a_mark_is_a_cut(text: str) -> None:
    assert has_cut_mark(text)


@pytest.mark.parametrize(
    ("value", "masked"),
    [("[REDACTED]", True), ("****", True), ("**bold**", False), ("xxx", True), ("", False), (None, False)],
)
def test_a_mask_is_nothing_but_a_mask(value: str | None, masked: bool) -> None:
    assert is_mask(value) is masked


@given(st.lists(st.integers(min_value=201, max_value=3000), min_size=2, max_size=30, unique=True))
def test_lengths_that_differ_are_no_limit(lengths: list[int]) -> None:
    seen = Lengths()
    for index, length in enumerate(lengths):
        seen.limit_of("output", [f"{index}" + "x" * (length - len(f"{index}"))])
    assert seen.limits() == frozenset()


def buckets(starts: list[int], width: int) -> list[Bucket]:
    made: dict[int, list[int]] = {}
    for start in starts:
        made.setdefault(start // width, []).append(start)
    return [Bucket(number, len(own), min(own), max(own)) for number, own in sorted(made.items())]


def week(rng: random.Random) -> list[int]:
    """Starts of a week: a rate by the hour of the day, quiet nights and weekends, lunch, and bursts."""
    peak, days = rng.choice([2, 10, 60, 400]), rng.choice([1, 2, 7])
    shape = rng.choice(["day", "always", "office", "bursts"])
    starts = []
    for hour in range(24 * days):
        of_day, at = hour % 24, 1_777_852_800 * 10**9 + hour * HOUR
        rate = (
            peak
            * {
                "day": max(0.0, math.sin((of_day - 6) / 16 * math.pi)) if 6 <= of_day < 22 else 0.01,
                "always": 1.0,
                "office": 1.0 if 9 <= of_day < 18 and hour // 24 % 7 < 5 else 0.0,
                "bursts": 3.0 if rng.random() < 0.2 else 0.0,
            }[shape]
        )
        begin = rng.random() * 0.8 if shape == "bursts" else 0.0
        count = sum(rng.random() < rate / 500 for _ in range(500))
        starts += [int(at + (begin + rng.random() * (0.15 if shape == "bursts" else 1.0)) * HOUR) for _ in range(count)]
    return sorted(starts)


@pytest.mark.parametrize("seed", range(20))
def test_natural_traffic_misses_no_window(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(10):
        starts = week(rng)
        for width in WIDTHS:
            assert list(gaps(buckets(starts, width), width)) == []


@pytest.mark.parametrize("seed", range(10))
def test_a_busy_hour_that_is_taken_out_is_found(seed: int) -> None:
    rng = random.Random(seed)
    first = 1_777_852_800 * 10**9
    starts = sorted(first + rng.randrange(48 * HOUR) for _ in range(48 * 60))
    lost = first + rng.randrange(2, 46) * HOUR
    left = [start for start in starts if not lost <= start < lost + HOUR]
    assert [(gap.begin, gap.end) for gap in gaps(buckets(left, HOUR), HOUR)] == [(lost, lost + HOUR)]
