"""The files of an augmentation: rows with their origin, the facts behind them, and the provenance of all."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runtime.contract.augmentation import AugmentStage
from runtime.contract.data.shapes import SYNTHETIC
from runtime.data.formats import Row
from runtime.make.augment.chunks import Chunk
from runtime.make.augment.graph import Fact
from runtime.make.augment.keep import Written
from runtime.make.augment.prompts import EXAMPLES, PROMPTS
from runtime.stage.files import write_json, write_text

ROWS_FILE = "prompt-completion.jsonl"
FACTS_FILE = "facts.jsonl"
PROVENANCE_FILE = "provenance.json"


def write_files(
    folder: Path,
    stage: AugmentStage,
    *,
    writer: str,
    kept: Sequence[Written],
    chunks: Sequence[Chunk],
    facts: Sequence[Fact],
    losses: Mapping[int, float],
    report: Mapping[str, Any],
) -> None:
    """Write the rows, the facts with their losses, and then the provenance; the same at every run of the stage."""
    places = {each.name: each.place for each in chunks}
    text = _lines([_row(each, places, writer, turns=stage.work.turns) for each in kept])
    write_text(folder / FACTS_FILE, _lines([_fact(each, losses) for each in facts]))
    write_text(folder / ROWS_FILE, text)
    prompts = repr([PROMPTS, EXAMPLES])
    document = {
        "file": ROWS_FILE,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "writer": writer,
        "teacher": stage.teacher and stage.teacher.model_dump(exclude_none=True),
        "model": stage.model.path,
        "settings": stage.work.model_dump(exclude_none=True),
        "prompts_sha256": hashlib.sha256(prompts.encode()).hexdigest(),
        "sources": [block.model_dump(exclude_none=True, include={"path", "sha256", "rows"}) for block in stage.data],
        "counts": {name: value for name, value in report.items() if name not in ("asked_again", "warnings")},
    }
    write_json(folder / PROVENANCE_FILE, document)


def _row(written: Written, places: Mapping[str, str], writer: str, *, turns: bool) -> Row:
    unit = written.unit
    prompt: Any = written.question
    completion: Any = written.answer
    if turns:
        prompt = [{"role": "user", "content": prompt}]
        completion = [{"role": "assistant", "content": completion}]
    return {
        "id": f"augment-{hashlib.sha256(written.question.encode()).hexdigest()[:12]}",
        "prompt": prompt,
        "completion": completion,
        SYNTHETIC: True,
        "provenance": {
            "kind": unit.kind,
            "writer": writer,
            "rows": list(dict.fromkeys(places[name] for name in unit.chunks)),
            "passages": list(unit.chunks),
            "facts": [fact.name for fact in unit.facts],
            "entities": list(unit.entities),
            "calls": [call[:16] for call in dict.fromkeys((*_read(unit.facts), *written.calls))],
        },
    }


def _read(facts: Sequence[Fact]) -> list[str]:
    return [call for fact in facts for call in fact.calls]


def _fact(fact: Fact, losses: Mapping[int, float]) -> Row:
    loss = losses.get(fact.number)
    return {
        "fact": fact.name,
        "entities": list(fact.entities),
        "statements": list(fact.statements),
        "passages": list(fact.chunks),
        "loss": None if loss is None else round(loss, 4),
    }


def _lines(rows: Sequence[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
