"""The stage that loads models and data, as the configs of the stages after it need them."""

from collections.abc import Mapping, Sequence
from typing import Any

from compiler.plan.draft import Built, Draft
from compiler.plan.model import Setting, Stage
from compiler.plan.stage_config import config_head
from compiler.spec.inputs import Inputs
from compiler.spec.schema.cluster_profile import Source
from runtime.contract.hub import hub_model

_BY_BLOCK = ("path", "shape", "sha256", "rows", "uri")  # the other fields say how a stage uses the rows
_WHY = {
    "teachers": "spec.teacher, whose weights are read",
    "folders": "spec.goal.metrics, `databases`",
    "files": "spec.reward, spec.goal.metrics and spec.prompt, their code and files",
}


def load_config(draft: Draft, stages: Sequence[Stage]) -> Built:
    """Return the config of the stage that fills the claims for `stages` from the profile's source.

    A hub alone has no data: then the stage loads models only.
    """
    inputs = draft.inputs
    source = inputs.profile.spec.storage.source
    assert source is not None  # noqa: S101
    read = [block for stage in stages for block in stage.config["data"] if block.get("volume") != "outputs"]
    blocks = read if source.holds_data else []
    # where two sources share a file, the first represents both
    data = {block["path"]: {name: block[name] for name in _BY_BLOCK if name in block} for block in reversed(blocks)}
    copied: dict[str, list[str] | dict[str, str]] = {
        "teachers": _teachers(stages),
        "folders": dict(sorted(inputs.folders.items())) if source.holds_data else {},
        "files": dict(sorted(_code(stages).items())) if source.holds_data else {},
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


def has_load(inputs: Inputs, stages: Sequence[Stage]) -> bool:
    """Return whether a plan has something to load: with a hub alone, only if it has one of the models."""
    source = inputs.profile.spec.storage.source
    if source is None or not stages:
        return False
    return source.holds_data or any(map(hub_model, [inputs.spec.spec.model.path, *_teachers(stages)]))


def _code(stages: Sequence[Stage]) -> dict[str, str]:
    """Return the digest of each file that a reward or a metric of a stage reads, or its prompt, by path."""
    parts = [stage.config.get(name, {}) for stage in stages for name in ("reward_code", "metric_code")]
    prompts = [stage.config["prompt"] for stage in stages if stage.config.get("prompt", {}).get("sha256")]
    return {path: digest for part in parts for path, digest in part.items()} | {
        each["path"]: each["sha256"] for each in prompts
    }


def origin_of(source: Any) -> str:
    """Return where a load reads from: the bucket's URI or the claim, and the hub."""
    names = [source["bucket"]["uri"]] if "bucket" in source else []
    names += [f"claim {source['folder']['claim']}"] if "folder" in source else []
    names += [source["hub"].get("endpoint", "the public hub")] if "hub" in source else []
    return " and ".join(names)


def _teachers(stages: Sequence[Stage]) -> list[str]:
    return sorted({_teacher(stage.config) for stage in stages} - {""})


def _teacher(config: Mapping[str, Any]) -> str:
    """Return the folder of the teacher whose weights a stage reads; empty without one."""
    teacher = config.get("teacher")
    return f"{teacher['name']}/{teacher['revision']}" if teacher and teacher["access"] == "weights" else ""


def _block(source: Source) -> dict[str, object]:
    block: dict[str, object] = {}
    if source.bucket is not None:
        own = source.bucket.model_dump(include={"uri", "endpoint", "region"}, exclude_none=True)
        block["bucket"] = own | {"signed": bool(source.bucket.secret or source.bucket.service_account)}
    if source.folder is not None:
        block["folder"] = {"claim": source.folder.claim}
    if source.hub is not None:
        own = source.hub.model_dump(include={"endpoint", "proxy"}, exclude_none=True)
        block["hub"] = own | {"authenticated": source.hub.secret is not None}
    return block
