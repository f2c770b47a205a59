"""The diagnostic type and the outcome of a phase."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")
MAX_TEXT = 2_000


class Severity(StrEnum):
    """How much a diagnostic weighs: only an `error` stops the pipeline."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Location:
    """A place in a file. Lines and columns count from 1, columns in code points; `end_column` is exclusive.

    `line` 0 means the whole file. `text` is the source line, without its line end, where it is known.
    """

    path: str
    line: int = 0
    column: int = 0
    end_column: int = 0
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostic:
    """One thing to tell: its code, what is wrong, where, and what to do about it."""

    code: str
    severity: Severity
    message: str
    location: Location
    hint: str = ""

    @property
    def sort_key(self) -> tuple[Location, str, str]:
        """Diagnostics are shown by place, then by code."""
        return (self.location, self.code, self.message)


def diagnostic(code: str, message: str, location: Location, *, hint: str = "") -> Diagnostic:
    """Make a diagnostic of a known code; the table of codes says its severity, and what to do where no hint does."""
    from compiler.diagnostics.codes import CODES  # not needed where all is well

    row = CODES[code]
    action = hint or f"{row.fix[0].lower()}{row.fix[1:].removesuffix('.')}"
    return Diagnostic(
        code=code, severity=Severity(row.severity), message=_bounded(message), location=location, hint=_bounded(action)
    )


def _bounded(text: str) -> str:
    """Names and values in a message may be as long as a file, and may hold a credential."""
    from compiler.diagnostics.credentials import masked

    text = masked(text)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome(Generic[T]):
    """What a phase gives back: its value, or None when an error stopped it, and everything it has to tell."""

    value: T | None
    diagnostics: tuple[Diagnostic, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether the next phase may run."""
        return self.value is not None and not has_errors(self.diagnostics)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of the diagnostics is an error."""
    return any(found.severity is Severity.ERROR for found in diagnostics)
