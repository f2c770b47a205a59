"""The stage that brings models and data: what the stages behind it read, out of their configs."""

from collections.abc import Mapping, Sequence
from typing import Any

from compiler.plan.draft import Built, Draft
from compiler.plan.model import Setting, Stage
from compiler.plan.stage_config import config_head
from compiler.spec.schema.cluster_profile import Source

_BY_BLOCK = ("path", "shape", "sha256", "rows", "uri")  # the rest says what a stage does with the rows
_WHY = {
    "teachers": "spec.teacher, whose weights are read",
    "folders": "spec.goal.metrics, `databases`",
    "files": "spec.reward, its code and files",
}


def load_config(draft: Draft, stages: Sequence[Stage]) -> Built:
    """The config of the stage that fills the claims for `stages`, in a profile that has a source."""
    inputs = draft.inputs
    source = inputs.profile.spec.storage.source
    assert source is not None  # noqa: S101
    blocks = [block for stage in stages for block in stage.config["data"] if block.get("volume") != "outputs"]
    # of two sources that are one file, the first stands for both
    data = {block["path"]: {name: block[name] for name in _BY_BLOCK if name in block} for block in reversed(blocks)}
    teachers = sorted({_teacher(stage.config) for stage in stages} - {""})
    copied: dict[str, list[str] | dict[str, str]] = {
        "teachers": teachers,
        "folders": dict(sorted(inputs.folders.items())),
        "files": dict(sorted(inputs.code.items())) if any(stage.config.get("rewards") for stage in stages) else {},
    }
    config = config_head(draft, [data[path] for path in sorted(data)])
    config |= {"source": _block(source), "folder": inputs.folder}
    config |= {name: each for name, each in copied.items() if each}
    settings = [Setting(name="source", value=origin_of(config["source"]), source="profile.storage.source")]
    settings += [
        Setting(name=name, value=list(each), source=_WHY[name])  # of a mapping, its paths
        for name, each in copied.items()
        if each
    ]
    return Built(config=config, settings=tuple(settings))


def origin_of(source: Any) -> str:
    """Where a load reads from, in a word: the bucket's address, or the claim."""
    return str(source["bucket"]["uri"] if "bucket" in source else f"claim {source['folder']['claim']}")


def _teacher(config: Mapping[str, Any]) -> str:
    """The folder of a teacher whose weights a stage reads; empty where it reads none."""
    teacher = config.get("teacher")
    return f"{teacher['name']}/{teacher['revision']}" if teacher and teacher["access"] == "weights" else ""


def _block(source: Source) -> dict[str, object]:
    if source.bucket is None:
        assert source.folder is not None  # noqa: S101
        return {"folder": {"claim": source.folder.claim}}
    own = source.bucket.model_dump(include={"uri", "endpoint", "region"}, exclude_none=True)
    return {"bucket": own | {"signed": bool(source.bucket.secret or source.bucket.service_account)}}
