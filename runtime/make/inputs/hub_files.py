"""Which files of a hub's repository are the model: what the libraries load, its licence and its card.

Other formats of the same weights (pickles, GGUF, ONNX, `original/`) are left on the hub.
"""

import re
from collections.abc import Collection, Sequence

from runtime.contract.errors import StageError
from runtime.contract.hub import HubModel

_WHOLE, _INDEX = "model.safetensors", "model.safetensors.index.json"
_SHARD = re.compile(r"model-(\d{5})-of-(\d{5})\.safetensors")
_SETTINGS = (".json", ".jinja", ".txt", ".model", ".tiktoken")  # of the model, its tokenizer and its templates
_PAPERS = ("readme", "license", "licence", "notice", "use_policy")
_OTHER = ("pytorch_model", "tf_model", "flax_model", "consolidated", "params.json", "trainer_state.json", "adapter_")
_TEMPLATES = "additional_chat_templates/"
_TOKENIZER = ("tokenizer", "vocab", "spiece", "sentencepiece", "tekken", "merges")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")


def files_of(model: HubModel, paths: Collection[str], *, code: bool) -> list[str]:
    """Return the paths that belong to the model, sorted; `code`: whether its Python files do.

    RUN739 if the repository holds no model that a stage can read.
    """
    top = [path for path in paths if "/" not in path and not path.startswith(".")]
    weights = _weights(model, top)
    chosen = [path for path in top if _is_setting(path) or _is_paper(path) or (code and path.endswith(".py"))]
    templates = [path for path in paths if path.startswith(_TEMPLATES) and path.endswith(".jinja")]
    if "config.json" not in top:
        raise _unusable(model, "has no `config.json`", "name a repository in the transformers format")
    if not any(path.lower().startswith(_TOKENIZER) or path.endswith((".tiktoken", ".model")) for path in chosen):
        raise _unusable(model, "has no tokenizer", "name a repository that holds the tokenizer too")
    return sorted({*chosen, *templates, *weights})


def _is_setting(path: str) -> bool:
    lower = path.lower()
    return lower.endswith(_SETTINGS) and not lower.startswith(_OTHER) and not lower.endswith(".index.json")


def _is_paper(path: str) -> bool:
    return path.lower().startswith(_PAPERS)


def _weights(model: HubModel, top: Sequence[str]) -> list[str]:
    """Return the files of the weights: one, or an index and all its shards."""
    if _WHOLE in top:
        return [_WHOLE]
    shards = {found[1]: found for path in top if (found := _SHARD.fullmatch(path))}
    if not shards:
        raise _without_weights(model, top)
    total = int(next(iter(shards.values()))[2])
    if _INDEX not in top or len(shards) != total:
        reason = f"has {len(shards)} of {total} files of weights" if len(shards) != total else f"has no `{_INDEX}`"
        raise _unusable(model, reason, "choose a commit at which all weights are uploaded")
    return [_INDEX, *(found[0] for found in shards.values())]


def _without_weights(model: HubModel, top: Sequence[str]) -> StageError:
    if "adapter_config.json" in top:
        return _unusable(model, "holds an adapter, not a model", "name the model that it was trained on")
    other = next((path for path in sorted(top) if path.endswith((*_PICKLES, ".gguf", ".safetensors"))), None)
    if other is None:
        return _unusable(model, "has no weights", "name a repository with `model.safetensors`")
    if other.endswith(_PICKLES):
        hint = "choose a commit that has safetensors: a pickle can run code when it is read, so none is fetched"
        return _unusable(model, f"has weights as a pickle only (`{other}`)", hint)
    hint = "name the repository that has the weights as `model.safetensors` or its shards"
    return _unusable(model, f"has weights in another format only (`{other}`)", hint)


def _unusable(model: HubModel, reason: str, hint: str) -> StageError:
    return StageError("RUN739", f"`{model.name}` at commit `{model.commit}` {reason}", hint)
