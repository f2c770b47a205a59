"""The stage that loads models and data, as the configs of the stages after it need them."""

from collections.abc import Mapping, Sequence
from typing import Any

from compiler.plan.draft import Built, Draft
from compiler.plan.model import Setting, Stage
from compiler.plan.stage_config import config_head
from compiler.spec.schema.cluster_profile import Source

_BY_BLOCK = ("path", "shape", "sha256", "rows", "uri")  # the other fields say how a stage uses the rows
_WHY = {
    "teachers": "spec.teacher, whose weights are read",
    "folders": "spec.goal.metrics, `databases`",
    "files": "spec.reward and spec.goal.metrics, their code and files",
}


def load_config(draft: Draft, stages: Sequence[Stage]) -> Built:
    """Return the config of the stage that fills the claims for `stages` from the profile's source."""
    inputs = draft.inputs
    source = inputs.profile.spec.storage.source
    assert source is not None  # noqa: S101
    blocks = [block for stage in stages for block in stage.config["data"] if block.get("volume") != "outputs"]
    # where two sources share a file, the first represents both
    data = {block["path"]: {name: block[name] for name in _BY_BLOCK if name in block} for block in reversed(blocks)}
    teachers = sorted({_teacher(stage.config) for stage in stages} - {""})
    copied: dict[str, list[str] | dict[str, str]] = {
        "teachers": teachers,
        "folders": dict(sorted(inputs.folders.items())),
        "files": dict(sorted(_code(stages).items())),
    }
    config = config_head(draft, [data[path] for path in sorted(data)])
    config |= {"source": _block(source), "folder": inputs.folder}
    config |= {name: each for name, each in copied.items() if each}
    settings = [Setting(name="source", value=origin_of(config["source"]), source="profile.storage.source")]
    settings += [
        Setting(name=name, value=list(each), source=_WHY[name])  # only the paths of a mapping
        for name, each in copied.items()
        if each
    ]
    return Built(config=config, settings=tuple(settings))


def _code(stages: Sequence[Stage]) -> dict[str, str]:
    """Return the digest of each file that a reward or a metric of a stage reads, by path."""
    parts = [stage.config.get(name, {}) for stage in stages for name in ("reward_code", "metric_code")]
    return {path: digest for part in parts for path, digest in part.items()}


def origin_of(source: Any) -> str:
    """Return where a load reads from: the bucket's URI, or the claim."""
    return str(source["bucket"]["uri"] if "bucket" in source else f"claim {source['folder']['claim']}")


def _teacher(config: Mapping[str, Any]) -> str:
    """Return the folder of the teacher whose weights a stage reads; empty without one."""
    teacher = config.get("teacher")
    return f"{teacher['name']}/{teacher['revision']}" if teacher and teacher["access"] == "weights" else ""


def _block(source: Source) -> dict[str, object]:
    if source.bucket is None:
        assert source.folder is not None  # noqa: S101
        return {"folder": {"claim": source.folder.claim}}
    own = source.bucket.model_dump(include={"uri", "endpoint", "region"}, exclude_none=True)
    return {"bucket": own | {"signed": bool(source.bucket.secret or source.bucket.service_account)}}
