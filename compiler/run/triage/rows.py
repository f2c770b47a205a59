"""Rows of shape `badcase` from labels; rows that other people or tools wrote to the same file stay."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.run.triage.asked import asked
from compiler.run.triage.content import text_of
from compiler.run.triage.counts import Counts
from compiler.run.triage.labels import FLOW_CONTROL, Label
from compiler.run.triage.project import Project
from compiler.run.triage.traces import read_trace
from compiler.spec.schema.types import BadcaseClass
from runtime.contract.credentials import credentials_in
from runtime.contract.data.rows import row_fault
from runtime.contract.data.shapes import Shape
from runtime.contract.traces import Trace

Row = dict[str, Any]

_OWN_ID = re.compile(r"^trace-[0-9a-f]{16}$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """The content of the file, the number of its rows from labels, and the badcases that make no row, each with why."""

    content: bytes
    count: int
    diagnostics: tuple[Diagnostic, ...]


def rows_of(project: Project, counts: Counts, path: Path, shown: str) -> Rows:
    """Return the rows of a project's badcases, after the rows at `path` that are not from triage."""
    classes = {each.name: each.kind for each in counts.groups}
    found: list[Diagnostic] = []
    others, earlier = _existing(path)
    prompt = project.prompt
    rows: dict[str, Row] = {}
    for label in counts.bad:
        row = _row(label, classes, project, earlier, prompt)
        if row is None:
            continue
        if why := _fault(row):
            message = f"the badcase of trace `{label.trace[:80]}` {why[0]}; it makes no row"
            found.append(diagnostic("TRC838", message, Location(path=shown), hint=why[1]))
        else:
            rows[row["id"]] = row
    rows = _of_one_form(rows)
    lines = [*others, *(json.dumps(rows[name], ensure_ascii=False) for name in sorted(rows))]
    content = "".join(f"{line}\n" for line in lines).encode("utf-8")
    return Rows(content=content, count=len(rows), diagnostics=tuple(found))


def _existing(path: Path) -> tuple[list[str], dict[str, Row]]:
    """Return the lines that are not from triage, and its own rows by their id."""
    others: list[str] = []
    own: dict[str, Row] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if isinstance(row, dict) and _OWN_ID.match(str(row.get("id"))):
            own[row["id"]] = row
        elif line.strip():
            others.append(line)
    return others, own


def _row(
    label: Label, classes: Mapping[str, BadcaseClass], project: Project, earlier: Mapping[str, Row], prompt: str
) -> Row | None:
    """Return the row of a badcase; None without a fix, or without its trace and an earlier row."""
    if not label.fix:
        return None
    name = f"trace-{label.digest[:16]}"
    entry = project.traces.entries.get(label.digest)
    trace = read_trace(entry) if entry is not None else None
    base = dict(_of_trace(trace, prompt)) if trace is not None else earlier.get(name)
    if base is None:
        return None
    kept = {key: base[key] for key in ("prompt", "answer", "model", "prompt_version") if base.get(key)}
    row: Row = {"id": name, **kept, "fix": label.fix}
    if label.kind:
        row["kind"] = label.kind
    if label.component == FLOW_CONTROL:
        row["class"] = BadcaseClass.FLOW_CONTROL.value
    else:
        category = classes.get(label.kind or "", BadcaseClass.UNDETERMINED)
        row |= {"class": category.value} if category is not BadcaseClass.UNDETERMINED else {}
        row |= {"component": label.component} if label.component else {}
    return row


def _of_trace(trace: Trace, prompt: str) -> Iterator[tuple[str, Any]]:
    yield "prompt", asked(trace, prompt)
    yield "answer", text_of(trace.answer)
    yield "model", trace.model
    yield "prompt_version", trace.prompt_version


def _of_one_form(rows: dict[str, Row]) -> dict[str, Row]:
    """Return all prompts as turns where the model reads turns, also those of queries that did not reach the model."""
    if all(isinstance(each["prompt"], str) for each in rows.values()):
        return rows
    return {name: row | {"prompt": _as_turns(row["prompt"])} for name, row in rows.items()}


def _as_turns(prompt: Any) -> Any:
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt


def _fault(row: Row) -> tuple[str, str] | None:
    """Return what is wrong with a row, and the fix; None if it can be committed."""
    if secret := next(credentials_in(json.dumps(row, ensure_ascii=False)), None):
        return f"holds what looks like {secret.name}", "revoke it, and mask it in the traces"
    if fault := row_fault(row, Shape.BADCASE):
        return f"is no row: `{fault.place}` {fault.problem}", fault.hint
    return None
