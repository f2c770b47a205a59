"""A situation: what a team wrote, and the method's answer to it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from selection.situations.team import Source, Team, digest_of

from compiler.diagnostics import Diagnostic, has_errors
from compiler.diagnostics.examples.project import PROFILE
from compiler.selection import Selection, Status, select
from compiler.selection.gather import facts_of
from compiler.selection.warnings import warnings_of
from compiler.spec.check import check
from compiler.spec.dependencies import Reads
from compiler.spec.inputs import load_inputs

REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """`answer` is the phase, or `refused` where `check` finds an error; `stages` are the methods in order, None if any.

    `says` are words of the rules that decide, the advice or the diagnostics, in any case. `never` are words that must
    not be among them, and `without` methods that must not be planned.
    """

    name: str
    team: Team
    answer: str
    stages: tuple[str, ...] | None = ()
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def differences(situation: Situation, folder: Path) -> list[str]:
    """What the product answers other than the method, in readable lines."""
    found, made = decide(situation.team, folder)
    refused = has_errors(found)
    answer = REFUSED if refused or made is None else str(made.phase)
    stages = tuple(each.method for each in made.stages) if made and not refused else ()
    text = " | ".join(said(found, made))
    wrong = []
    if answer != situation.answer:
        wrong.append(f"answer: {answer}, expected {situation.answer}")
    if situation.stages is not None and stages != situation.stages:
        wrong.append(f"stages: {stages}, expected {situation.stages}")
    wrong += [f"{method} is planned" for method in situation.without if method in stages]
    wrong += [f"{words!r} is not said" for words in situation.says if words.lower() not in text.lower()]
    wrong += [f"{words!r} is said" for words in situation.never if words.lower() in text.lower()]
    return [*wrong, f"said: {text}"] if wrong else []


def decide(team: Team, folder: Path) -> tuple[tuple[Diagnostic, ...], Selection | None]:
    """What the compiler finds wrong with a team's spec, and what it selects."""
    path = write(team, folder)
    loaded = load_inputs(path, "team/spec.yaml", Reads(path.parent))
    if loaded.value is None:
        return loaded.diagnostics, None
    made = select(facts_of(loaded.value))
    return (*loaded.diagnostics, *check(loaded.value).diagnostics, *warnings_of(made, loaded.value)), made


def said(found: tuple[Diagnostic, ...], made: Selection | None) -> Iterator[str]:
    """Diagnostics, the reasons of the rules that fired or are blocked, and the advice."""
    yield from (f"{each.code} {each.severity}: {each.message}" for each in found)
    if made is None:
        return
    for each in made.trace:
        if each.finding.status in (Status.FIRED, Status.BLOCKED):
            yield f"{each.rule.id} {each.finding.status}: {each.finding.reason}"
    yield from (f"{rule} advises: {text}" for rule, text in made.advice)


def write(team: Team, folder: Path) -> Path:
    """Write the team's files, and give the path of its spec; JSON is YAML too, and quick to read and write."""
    home = folder / "specs" / "team"
    (home / "evidence").mkdir(parents=True)
    (folder / "specs" / "clusters").mkdir()
    (folder / "specs" / "clusters" / "small.yaml").write_text(PROFILE, encoding="utf-8")
    for name, text in (team.code or {}).items():
        (home / name).write_text(text, encoding="utf-8")
    for each in team.sources:
        _write_source(each, home)
    for number, document in enumerate(team.evidence):
        _dump(home / "evidence" / f"{number}-{document['kind'].lower()}.yaml", document)
    _dump(home / "spec.yaml", team.spec())
    return home / "spec.yaml"


def _write_source(source: Source, home: Path) -> None:
    if source.rows:
        (home / "data").mkdir(exist_ok=True)
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in source.rows)
        (home / source.entry["path"]).write_text(lines, encoding="utf-8")
    if source.card is not None:
        metadata = {"source": "trainspec data", "date": "2026-11-20", "digest": digest_of(source.name)}
        card = {"apiVersion": "trainspec.dev/v1", "kind": "DataCard", "metadata": metadata, "spec": source.card}
        _dump(home / "evidence" / f"data-{source.name}.yaml", card)


def _dump(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
