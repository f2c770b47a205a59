"""Counts as people read them."""


def counted(count: int, noun: str) -> str:
    """`1 row`, `1,200 rows`: a count with what is counted, whose plural ends in `s`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
