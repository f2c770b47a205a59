"""Versions of the spec language: documents of older ones are moved to the newest before they are validated.

Only `trainspec.dev/v1alpha1` is older. It kept prompt rounds inside of the spec, where v1 has them as evidence, and the
limits of a plateau beside them, where v1 has `spec.thresholds`. Everything else reads the same in both.
"""

import datetime
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from compiler.diagnostics import Diagnostic, Outcome, diagnostic
from compiler.schema import API_VERSION, OLD_API_VERSION
from compiler.source import FieldPath, FieldSpans, SourceDocument
from compiler.validate import validate_as

if TYPE_CHECKING:
    from compiler.schema import v1alpha1

ROUNDS: FieldPath = ("spec", "prompt", "rounds")
PLATEAU: FieldPath = ("spec", "prompt", "plateau")
THRESHOLD_NAMES = {"rounds": "plateauRounds", "minGain": "plateauMinGain"}
NO_DATE = datetime.date(1970, 1, 1)
ROUNDS_SOURCE = "spec.prompt.rounds of v1alpha1"
ROUNDS_NOTE = "v1alpha1 named no test set: the digest is that of the rounds themselves, as canonical JSON"


@dataclass(frozen=True, kw_only=True, slots=True)
class Modern:
    """A document in the newest version, and the evidence documents that an older version held inside of it."""

    document: SourceDocument
    evidence: tuple[SourceDocument, ...] = ()


def modernise(document: SourceDocument) -> Outcome[Modern]:
    """The document in the newest version of the language; places still point into the text as it was written."""
    data = document.data
    if not isinstance(data, dict) or data.get("apiVersion") != OLD_API_VERSION:
        return Outcome(value=Modern(document=document))
    from compiler.schema import v1alpha1  # most documents are new and never need the old models

    kind = data.get("kind")
    model = v1alpha1.DOCUMENTS.get(kind) if isinstance(kind, str) else None
    if model is None:
        return Outcome(value=Modern(document=document))  # validate says what is wrong with the kind
    validated = validate_as(document, model)
    told = (_is_old(document), *validated.diagnostics)
    if validated.value is None:
        return Outcome(value=None, diagnostics=told)
    spec = validated.value if isinstance(validated.value, v1alpha1.TrainingSpec) else None
    inline = (_rounds_document(document, spec),) if spec and spec.spec.prompt.rounds else ()
    return Outcome(value=Modern(document=_moved(document), evidence=inline), diagnostics=told)


def _is_old(document: SourceDocument) -> Diagnostic:
    path = PurePath(document.path)
    target = path.parent if path.name == "spec.yaml" else path
    return diagnostic(
        "SPC106",
        f"`{OLD_API_VERSION}` is an older version of the spec language",
        document.at(("apiVersion",)),
        hint=f"run `trainspec upgrade {target}`",
    )


def _moved(document: SourceDocument) -> SourceDocument:
    """The document as v1, without its rounds."""
    data = document.data
    assert isinstance(data, dict)  # noqa: S101 (a validated document is a mapping)
    spec = {key: value for found, inner in data["spec"].items() for key, value in _moved_field(found, inner)}
    spans = {moved: spans for path, spans in document.spans.items() for moved in _moved_path(path)}
    return replace(document, data=data | {"apiVersion": API_VERSION, "spec": spec}, spans=spans)


def _moved_field(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """What a field of `spec` is in v1: itself, but for `prompt`, of which the limits of a plateau stay."""
    if name != "prompt":
        yield name, value
    elif "plateau" in value:
        yield "thresholds", {THRESHOLD_NAMES[key]: inner for key, inner in value["plateau"].items()}


def _moved_path(path: FieldPath) -> Iterator[FieldPath]:
    """Where what stood at a path is in v1, if it is still in the spec."""
    if path[:3] == PLATEAU:
        yield ("spec", "thresholds", *(THRESHOLD_NAMES[str(name)] for name in path[3:]))
    elif path[:2] != ("spec", "prompt"):
        yield path


def _rounds_document(document: SourceDocument, spec: "v1alpha1.TrainingSpec") -> SourceDocument:
    """The rounds of a spec as evidence, whose places are those of the spec."""
    data = document.data
    assert isinstance(data, dict)  # noqa: S101 (a validated document is a mapping)
    rounds = data["spec"]["prompt"]["rounds"]
    dates = [each.date for each in spec.spec.prompt.rounds if each.date is not None]
    whole = document.spans[ROUNDS]
    return replace(
        document,
        data=rounds_evidence(rounds, spec.spec.goal.metrics[0].name, max(dates, default=NO_DATE)),
        spans={(): whole} | _below(document.spans, ROUNDS, ("spec", "rounds")),
    )


def rounds_evidence(rounds: object, metric: str, date: datetime.date) -> dict[str, Any]:
    """A `PromptRounds` document of rounds that stood in a spec of v1alpha1."""
    canonical = json.dumps(rounds, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode("utf-8")).hexdigest()
    return {
        "apiVersion": API_VERSION,
        "kind": "PromptRounds",
        "metadata": {"source": ROUNDS_SOURCE, "date": date.isoformat(), "digest": digest, "note": ROUNDS_NOTE},
        "spec": {"metric": metric, "rounds": rounds},
    }


def _below(spans: Mapping[FieldPath, FieldSpans], old: FieldPath, new: FieldPath) -> dict[FieldPath, FieldSpans]:
    """The spans at and below a path, under another path."""
    return {(*new, *path[len(old) :]): found for path, found in spans.items() if path[: len(old)] == old}
