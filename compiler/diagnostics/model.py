"""The diagnostic type and the outcome of a phase."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")
MAX_TEXT = 2_000


class Severity(StrEnum):
    """Severity of a diagnostic: only an `error` stops the pipeline."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Location:
    """Place in a file.

    Lines and columns count from 1, columns in code points; `end_column` is exclusive. `line` 0 means the whole file.
    `text` is the source line without its line end, if known.
    """

    path: str
    line: int = 0
    column: int = 0
    end_column: int = 0
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostic:
    """One problem: its code, its message, its place, and a hint how to fix it."""

    code: str
    severity: Severity
    message: str
    location: Location
    hint: str = ""

    @property
    def sort_key(self) -> tuple[Location, str, str]:
        """Sort key: by place, then by code."""
        return (self.location, self.code, self.message)


def diagnostic(code: str, message: str, location: Location, *, hint: str = "") -> Diagnostic:
    """Return a diagnostic of a known code; the default hint is the fix from the table of codes."""
    from compiler.diagnostics.codes import CODES  # not needed without a diagnostic

    row = CODES[code]
    action = hint or f"{row.fix[0].lower()}{row.fix[1:].removesuffix('.')}"
    return Diagnostic(
        code=code, severity=Severity(row.severity), message=_bounded(message), location=location, hint=_bounded(action)
    )


def _bounded(text: str) -> str:
    """Mask credentials and cut the text: a name or value in a message may be as long as a file."""
    from compiler.diagnostics.credentials import masked

    text = masked(text)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome(Generic[T]):
    """Result of a phase: its value, or None if an error stopped it, and its diagnostics."""

    value: T | None
    diagnostics: tuple[Diagnostic, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether the next phase may run."""
        return self.value is not None and not has_errors(self.diagnostics)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of the diagnostics is an error."""
    return any(found.severity is Severity.ERROR for found in diagnostics)
