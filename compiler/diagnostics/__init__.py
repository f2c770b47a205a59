"""Diagnostics: their type, the table of codes, and a formatter for each output format."""

from compiler.diagnostics.model import Diagnostic, Location, Outcome, Severity, diagnostic, has_errors

__all__ = ["Diagnostic", "Location", "Outcome", "Severity", "diagnostic", "has_errors"]
