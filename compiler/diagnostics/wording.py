"""Counts and lists in messages."""

from collections.abc import Iterable


def alternatives(names: Iterable[str]) -> str:
    """Return names as alternatives: "`a`", "`a` or `b`", "`a`, `b` or `c`"."""
    *most, last = (f"`{name}`" for name in names)
    return f"{', '.join(most)} or {last}" if most else last


def all_of(names: Iterable[str]) -> str:
    """Return names as a list: "`a`", "`a` and `b`", "`a`, `b` and `c`"."""
    *most, last = (f"`{name}`" for name in names)
    return f"{', '.join(most)} and {last}" if most else last


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: `1 row`, `1,200 rows`. The plural of `noun` ends in `s`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
