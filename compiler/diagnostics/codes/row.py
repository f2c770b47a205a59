"""A row of the table of codes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """The severity of a code, a title, why it matters and how to mend it."""

    severity: str
    title: str
    why: str
    fix: str
