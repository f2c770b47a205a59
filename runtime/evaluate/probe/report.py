"""The report of a probe, which `trainspec collect` turns into evidence, and the file of its answers."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runtime.contract.probing import ProbeStage
from runtime.evaluate.probe.families import CLOSED, CONSTRAINED, GREEDY, Asked
from runtime.evaluate.probe.measures import READS, Seen
from runtime.evaluate.probe.sampling import Probed
from runtime.evaluate.probe.verdicts import verdict_of
from runtime.stage.files import write_text
from runtime.stage.statistics import Interval

SAMPLES_FILE = "samples.jsonl"
DIGITS = 6
_OF_DECODING = (GREEDY, CONSTRAINED)  # measures that have another decoding, and so a report of their own


def report_of(
    stage: ProbeStage, asked: Asked, found: Probed, figures: Mapping[str, Any], lacking: Mapping[str, str]
) -> dict[str, Any]:
    """Return the report: evidence, verdicts, what was not measured and why, and what sampling saved.

    It is small enough for the termination message of a pod. `lacking` has the reasons of measures by name.
    """
    closed = found.seen[CLOSED]
    planned = sum(len(each.cases) * each.samples for each in asked.families)
    taken = sum(len(each.samples) * each.family.samples for each in found.seen.values())
    missing = {name: reason for name in READS if name not in found.measures and (reason := _why(name, found, lacking))}
    refused = sum(each.is_refused for seen in found.seen.values() for group in seen.samples for each in group)
    return {
        "probe": {
            **_size(closed),
            "samples": stage.work.samples,
            "temperature": stage.work.temperature,
            "measures": {name: _figures(each) for name, each in found.measures.items() if name not in _OF_DECODING}
            | {name: round(each, DIGITS) for name, each in figures.items()},
        },
        "decodings": [
            {**_size(found.seen[name]), "constrained": name == CONSTRAINED, "pass_at1": _figures(found.measures[name])}
            for name in _OF_DECODING
            if name in found.measures
        ],
        "verdicts": {name: verdict_of(tests, found.measures) for name, tests in stage.verdicts.items()},
        "not_measured": missing,
        "sampling": {
            "looks": found.looks,
            "answers": taken,
            "planned": planned,
            "saved": round(1 - taken / planned, 4),
            **({"refused": refused} if refused else {}),
            **({"stopped": found.spent} if found.spent else {}),
        },
    }


def write_answers(folder: Path, seen: Mapping[str, Seen]) -> str:
    """Write every answer with its family and row, and return the SHA-256 of the file."""
    text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in _lines(seen))
    write_text(folder / SAMPLES_FILE, text)
    return hashlib.sha256(text.encode()).hexdigest()


def _lines(seen: Mapping[str, Seen]) -> Iterator[dict[str, Any]]:
    for name, each in seen.items():
        for case, group in zip(each.family.cases, each.samples, strict=False):
            yield {
                "family": name,
                "id": case.question.row["id"],
                "cluster": case.cluster,
                "right": [sample.is_right for sample in group],
                "answers": [sample.text for sample in group],
            }


def _size(seen: Seen) -> dict[str, int]:
    return {"prompts": len(seen.samples), "planned": len(seen.family.cases)}


def _why(name: str, found: Probed, lacking: Mapping[str, str]) -> str:
    families = (each for each in READS[name] if each in found.lacking)
    return lacking.get(name) or next((found.lacking[each] for each in families), "")


def _figures(interval: Interval) -> dict[str, float]:
    return {name: round(getattr(interval, name), DIGITS) for name in ("value", "low", "high")}
