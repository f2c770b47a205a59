"""What the compiler tells people: one `Diagnostic` type, a table of codes, one formatter a format."""

from compiler.diagnostics.model import Diagnostic, Location, Outcome, Severity, diagnostic, has_errors

__all__ = ["Diagnostic", "Location", "Outcome", "Severity", "diagnostic", "has_errors"]
