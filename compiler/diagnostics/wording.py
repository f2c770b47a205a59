"""Counts in messages."""


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: `1 row`, `1,200 rows`. The plural of `noun` ends in `s`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
