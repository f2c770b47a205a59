"""Diagnostics: their type, the table of codes, and a formatter for each output format."""

from compiler.diagnostics.codes import CODES, Code
from compiler.diagnostics.model import Diagnostic, Location, Outcome, Severity, diagnostic, has_errors

__all__ = ["CODES", "Code", "Diagnostic", "Location", "Outcome", "Severity", "diagnostic", "has_errors"]
