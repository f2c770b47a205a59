"""Load the tokenizer and the model, with the adapters of earlier stages merged."""

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.contract.blocks import ModelBlock
from runtime.contract.errors import StageError
from runtime.contract.hub import reference_of
from runtime.contract.volumes import Volumes
from runtime.model.stops import set_stops
from runtime.stage.pointers import refuse_pointers

if TYPE_CHECKING:  # these imports take seconds, so they wait until the data has been checked
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def check_model_files(block: ModelBlock, volumes: Volumes) -> None:
    """Check that the files of the model and its adapters exist; RUN720 or RUN722 if not.

    RUN720 also if the model's `config.json` is not a JSON object, RUN706 if a file is a Git LFS pointer, RUN719 if the
    config wants 4-bit weights and the library for them is not installed.
    """
    folder = volumes.models / block.path
    hint = f"run `trainspec-runtime fetch {reference_of(block.path)}`, or copy the model to the models volume"
    if not folder.is_dir():
        raise StageError("RUN720", f"model `{block.path}` is missing under `TRAINSPEC_MODELS`", hint)
    if not (folder / "config.json").is_file() or not _has_weights(folder):
        raise StageError("RUN720", f"model `{block.path}` lacks its `config.json` or its safetensors weights", hint)
    refuse_pointers(folder, block.path)
    _read_config(block, volumes)
    if block.quantization and importlib.util.find_spec("bitsandbytes") is None:
        raise _cannot_quantize(block, "`bitsandbytes` is not installed")
    for adapter in block.adapters:
        trained = volumes.outputs / adapter
        is_adapter = (trained / "adapter_config.json").is_file() and (trained / "adapter_model.safetensors").is_file()
        if not is_adapter and not ((trained / "config.json").is_file() and _has_weights(trained)):
            message = f"adapter `{adapter}` is missing or incomplete under `TRAINSPEC_OUTPUTS`"
            raise StageError("RUN722", message, "run the stage that writes it first")


def context_length(block: ModelBlock, volumes: Volumes) -> int | None:
    """Return the model's context in tokens, from `config.json`; None if it has none."""
    config = _read_config(block, volumes)
    inner = config.get("text_config", config)
    length = inner.get("max_position_embeddings") if isinstance(inner, dict) else None
    return length if isinstance(length, int) and length > 0 else None


def load_tokenizer(block: ModelBlock, volumes: Volumes) -> "PreTrainedTokenizerBase":
    """Return the model's tokenizer, with a padding token; RUN720 if its files cannot be read."""
    from transformers import AutoTokenizer

    folder = volumes.models / block.path
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=block.trust_remote_code, local_files_only=True
        )
    except Exception as error:  # for a damaged file, the library raises errors of any type
        raise _unreadable(block.path, error) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(block: ModelBlock, volumes: Volumes) -> "PreTrainedModel":
    """Return the model in `block.dtype` on the CPU, with its adapters merged in order.

    Adapters are merged in float32 and rounded once, because a 16-bit type would lose small changes of large weights.
    With `quantization: nf4`, the weights are in 4 bits on the GPU (QLoRA, arXiv 2305.14314), and each merge is rounded
    to 4 bits. RUN719 if the machine has no GPU, RUN729 if a merged adapter answers otherwise than beside the model. The
    model stops where its tokenizer and chat template end an answer.
    """
    import torch

    if block.quantization and not torch.cuda.is_available():
        raise _cannot_quantize(block, "the machine has no GPU")
    dtype: torch.dtype = getattr(torch, block.dtype)
    merge_dtype = torch.float32 if block.adapters and not block.quantization else dtype
    model = _load_weights(volumes.models / block.path, block, merge_dtype)
    for adapter in block.adapters:
        folder = volumes.outputs / adapter
        if (folder / "adapter_config.json").is_file():
            model = _merge(model, folder)
        else:  # an earlier stage trained all weights, which replace the base model's
            model = _load_weights(folder, block, merge_dtype)
    set_stops(model, load_tokenizer(block, volumes))
    return model if dtype == merge_dtype else model.to(dtype)


def _read_config(block: ModelBlock, volumes: Volumes) -> dict[str, Any]:
    try:
        config = json.loads((volumes.models / block.path / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(block.path, error) from error
    if not isinstance(config, dict):
        raise _unreadable(block.path, TypeError("`config.json` is not a JSON object"))
    return config


def _nf4(block: ModelBlock, dtype: object) -> dict[str, Any]:
    """Return the arguments of `from_pretrained` for 4-bit weights.

    The type is QLoRA's NormalFloat with double quantisation.
    """
    import torch
    from transformers import BitsAndBytesConfig

    if block.quantization is None:
        return {}
    settings = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )
    return {"quantization_config": settings, "device_map": {"": torch.cuda.current_device()}}


def _load_weights(folder: Path, block: ModelBlock, dtype: object) -> "PreTrainedModel":
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            trust_remote_code=block.trust_remote_code,
            local_files_only=True,
            **_nf4(block, dtype),
        )
    # Not RuntimeError: its cause may be the machine instead of the files.
    except (OSError, ValueError, TypeError, KeyError, AttributeError, SafetensorError) as error:
        raise _unreadable(block.path, error) from error
    return model


def _merge(model: "PreTrainedModel", folder: Path) -> "PreTrainedModel":
    from safetensors import SafetensorError

    from runtime.model.merge import merge_adapter

    try:
        merged = merge_adapter(model, folder)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        message = f"adapter `{folder.parent.name}/{folder.name}` does not fit the model: {_first_line(error)}"
        raise StageError("RUN722", message, "train the adapter again on this base model") from error
    return merged


def _has_weights(folder: Path) -> bool:
    return any(folder.glob("*.safetensors"))


def _unreadable(path: str, error: Exception) -> StageError:
    return StageError(
        "RUN720", f"model `{path}` cannot be read: {_first_line(error)}", "copy the model to the models volume again"
    )


def _cannot_quantize(block: ModelBlock, why: str) -> StageError:
    message = f"model `{block.path}` needs 4-bit weights (`quantization: {block.quantization}`), but {why}"
    hint = "run the stage with a GPU and `bitsandbytes`, or set `tuning: lora` in the spec and compile it again"
    return StageError("RUN719", message, hint)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
