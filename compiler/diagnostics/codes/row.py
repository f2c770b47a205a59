"""Row of the table of codes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A code's severity and title, why it matters, and how to fix it."""

    severity: str
    title: str
    why: str
    fix: str
