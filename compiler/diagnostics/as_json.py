"""Diagnostics as JSON, for programs."""

import dataclasses
import json
from collections.abc import Sequence

from compiler.diagnostics.model import Diagnostic


def format_all(diagnostics: Sequence[Diagnostic]) -> str:
    """A JSON list with one object a diagnostic, its fields those of `Diagnostic`."""
    return json.dumps([dataclasses.asdict(found) for found in diagnostics], ensure_ascii=False, indent=2)
