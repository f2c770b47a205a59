"""What a team writes: a spec, the cards or rows of its data, and its evidence, as plain values."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from runtime.contract.metrics import METRICS

MODEL = "qwen3-8b-instruct/2026-08"
Row = Mapping[str, Any]
# a measured value, or one with the ends of its interval
Figure = float | tuple[float, float, float]


def digest_of(name: str) -> str:
    """The digest of a source, known by its name."""
    return hashlib.sha256(name.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A data source: its entry in the spec, and either the body of its card or its rows."""

    entry: Mapping[str, Any]
    card: Mapping[str, Any] | None = None
    rows: tuple[Row, ...] = ()

    @property
    def name(self) -> str:
        return str(self.entry["name"])


def source(
    name: str, purpose: str, shape: str, rows: int, columns: str, *, volatile: bool = False, **card: Any
) -> Source:
    """A remote source with its card; `columns` names each column, as in `prompt:turns id:text`."""
    entry = {"name": name, "purpose": purpose, "shape": shape, "uri": f"s3://team/{name}.jsonl"}
    listed = [each.split(":") for each in columns.split()]
    body = {
        "source": name,
        "shape": shape,
        "uri": entry["uri"],
        "rows": rows,
        "bytes": rows * 400,
        "format": "conversational",
        "columns": [{"name": column, "types": [type_], "rows": rows} for column, type_ in listed],
        "lengths": {"unit": "bytes", "p50": 240, "p90": 400, "p99": 560, "max": 800},
        "duplicates": {"exact": 0, "near": 0},
        "languages": [{"language": "zh", "rows": rows}],
        "overlaps": [{"source": "held-out", "digest": digest_of("held-out")}] if purpose in _TRAINS else [],
    }
    return Source(entry=entry | ({"volatile": True} if volatile else {}), card=body | card)


_TRAINS = {"badcases", "demonstrations", "preferences", "prompts", "chains"}


def local(name: str, purpose: str, shape: str, rows: Iterable[Row]) -> Source:
    """A source whose rows lie beside the spec."""
    entry = {"name": name, "purpose": purpose, "shape": shape, "path": f"data/{name}.jsonl"}
    return Source(entry=entry, rows=tuple(rows))


def held_out(rows: int = 400) -> Source:
    return source(
        "held-out", "evaluation", "evaluation", rows, "id:text prompt:turns reference:text", datasetType="none"
    )


def badcases(rows: int, *, answered: int | None = None, near: int = 0, same: int = 0, model: str = MODEL) -> Source:
    """Badcases with their fixes; by default each has the logged wrong answer of the spec's model."""
    known = rows - same if answered is None else answered
    return source(
        "badcases",
        "badcases",
        "badcase",
        rows,
        "id:text prompt:turns answer:text fix:text model:text prompt_version:text",
        datasetType="preference",
        pairs=_pairs(known, near, same) | {"unanswered": rows - known - same},
        models=[{"model": model, "rows": rows}],
        classes=[{"name": "undetermined", "rows": rows}],
        promptVersions=["v4"],
    )


def _pairs(answered: int, near: int, same: int) -> dict[str, Any]:
    return {"answered": answered, "unanswered": 0, "same": same, "near": near, "nearDistance": 0.1}


def demos(rows: int, *, name: str = "demos", messages: bool = False) -> Source:
    if messages:
        return source(name, "demonstrations", "messages", rows, "messages:turns", datasetType="language modeling")
    return source(
        name,
        "demonstrations",
        "prompt-completion",
        rows,
        "prompt:turns completion:turns",
        datasetType="prompt-completion",
    )


def pairs(rows: int, *, near: int = 0, same: int = 0) -> Source:
    columns = "prompt:turns chosen:turns rejected:turns"
    measured = _pairs(rows - same, near, same)
    return source("pairs", "preferences", "preference", rows, columns, datasetType="preference", pairs=measured)


def thumbs(rows: int) -> Source:
    columns = "prompt:turns completion:turns label:flag"
    return source("thumbs", "preferences", "unpaired-preference", rows, columns, datasetType="unpaired preference")


def queries(rows: int) -> Source:
    return source("queries", "prompts", "prompt", rows, "prompt:turns", datasetType="prompt-only")


def questions(rows: int) -> Source:
    """Prompts with their verified answers."""
    columns = "prompt:turns completion:turns"
    return source("questions", "prompts", "prompt-completion", rows, columns, datasetType="prompt-completion")


def chains(rows: int) -> Source:
    columns = "prompt:turns chain:text completion:turns"
    return source("chains", "chains", "chain", rows, columns, datasetType="prompt-completion")


def corpus(megabytes: float, *, volatile: bool = False) -> Source:
    size = int(megabytes * 1_000_000)
    return source(
        "manuals",
        "corpus",
        "text",
        max(1, size // 2000),
        "text:text",
        volatile=volatile,
        datasetType="language modeling",
        format="standard",
        textBytes=size,
    )


def metric(name: str, target: float) -> dict[str, Any]:
    """A metric of the goal; people measure one that the library lacks."""
    return {"name": name, "target": target} | ({} if name in METRICS else {"use": "people"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """A team's spec. `goal`, `system` and `more` hold fields of the spec; `evidence` documents, `code` Python files."""

    metrics: Mapping[str, float]
    sources: tuple[Source, ...]
    evidence: tuple[Mapping[str, Any], ...]
    gaps: tuple[str | Mapping[str, Any], ...] = ()
    application: str = "rag"
    task: str = "客服问答"
    model: str = MODEL
    goal: Mapping[str, Any] | None = None
    components: Mapping[str, str] | None = None
    more: Mapping[str, Any] | None = None
    code: Mapping[str, str] | None = None

    def but(self, **changes: Any) -> "Team":
        """This team with other values."""
        return replace(self, **changes)

    def without(self, *kinds: str) -> "Team":
        """This team without evidence of these kinds."""
        return replace(self, evidence=tuple(each for each in self.evidence if each["kind"] not in kinds))

    def with_(self, *evidence: Mapping[str, Any], sources: tuple[Source, ...] = ()) -> "Team":
        """This team with more evidence and sources; a source replaces the one of its name."""
        names = {each.name for each in sources}
        kept = tuple(each for each in self.sources if each.name not in names)
        return replace(self, evidence=(*self.evidence, *evidence), sources=(*kept, *sources))

    def spec(self) -> dict[str, Any]:
        """The document `spec.yaml`."""
        name, revision = self.model.split("/")
        stated = [{"kind": each} if isinstance(each, str) else dict(each) for each in self.gaps]
        components = [_component(name, role) for name, role in (self.components or {}).items()]
        return {
            "apiVersion": "trainspec.dev/v1",
            "kind": "TrainingSpec",
            "metadata": {"name": "team"},
            "spec": {
                "profile": "small",
                "goal": {
                    "application": self.application,
                    "task": self.task,
                    "metrics": [metric(name, target) for name, target in self.metrics.items()],
                }
                | dict(self.goal or {}),
                "system": {
                    "runsEndToEnd": True,
                    "components": components,
                    "traces": {"location": "s3://team/traces/", "fullChain": True},
                },
                "model": {"name": name, "revision": revision, "license": "Apache-2.0"},
                "data": [dict(each.entry) for each in self.sources],
                "gaps": stated,
            }
            | dict(self.more or {}),
        }


def _component(name: str, role: str) -> dict[str, str]:
    """A component with its role, and with its kind where the role is written as `kind: role`."""
    kind, _, rest = role.partition(": ")
    return {"name": name, "role": rest, "kind": kind} if rest else {"name": name, "role": role}
