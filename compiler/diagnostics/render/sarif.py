"""Diagnostics as SARIF 2.1.0, which code hosts and editors show as findings."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from compiler import __version__
from compiler.diagnostics.codes import CODES
from compiler.diagnostics.model import Diagnostic, Location
from compiler.diagnostics.render.json import dumps

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
BASE = "%SRCROOT%"


def format_all(diagnostics: Sequence[Diagnostic]) -> str:
    """Return one run: its rules are the reported codes, its results the diagnostics."""
    codes = sorted({found.code for found in diagnostics})
    driver = {"name": "trainspec", "semanticVersion": __version__, "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {BASE: {"description": {"text": "the folder that trainspec was run in"}}},
        "results": [_result(found, codes.index(found.code)) for found in diagnostics],
    }
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str) -> dict[str, Any]:
    row = CODES[code]
    help_text = f"{row.why}\n\n{row.fix}"
    return {
        "id": code,
        "shortDescription": {"text": row.title},
        "fullDescription": {"text": row.why},
        "help": {"text": help_text, "markdown": f"{help_text}\n\nRun `trainspec explain {code}` for an example."},
        "defaultConfiguration": {"level": row.severity},
    }


def _result(found: Diagnostic, rule: int) -> dict[str, Any]:
    text = f"{found.message}; {found.hint}" if found.hint else found.message
    return {
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": str(found.severity),
        "message": {"text": text},
        "locations": [{"physicalLocation": _physical(found.location)}],
    }


def _physical(where: Location) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _artifact(where.path)}
    if where.line:
        columns = {"startColumn": where.column, "endColumn": where.end_column} if where.column else {}
        place["region"] = {"startLine": where.line, "endLine": where.line, **columns}
    return place


def _artifact(path: str) -> dict[str, str]:
    uri = quote(path, errors="backslashreplace")
    return {"uri": f"file://{uri}"} if PurePosixPath(path).is_absolute() else {"uri": uri, "uriBaseId": BASE}
