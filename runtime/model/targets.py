"""Which modules of a model an adapter changes, found before the weights are loaded."""

from typing import TYPE_CHECKING, Any

from runtime.contract.adapters import LAYERS_HINT
from runtime.contract.blocks import ModelBlock
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes

if TYPE_CHECKING:
    from peft import LoraConfig


def check_targets(config: "LoraConfig", block: ModelBlock, volumes: Volumes) -> None:
    """Put the adapter of `config` into a copy of the model without weights; RUN702 if that is not possible.

    That is so if no module matches, a module has a kind that cannot have an adapter, or is the output layer: the
    trainers multiply by its weights directly, so that an adapter there would never be trained. A model that cannot be
    built from its config is left to the load, which says what is wrong with it.
    """
    import copy

    from peft import get_peft_model
    from peft.tuners.tuners_utils import BaseTunerLayer

    model = _without_weights(block, volumes)
    if model is None:
        return
    saved = [name for name in config.modules_to_save or () if name != "score"]
    missing = [name for name in saved if not any(_ends(each, name) for each, _ in model.named_modules())]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        raise StageError("RUN702", f"`peft.modules_to_save` names {names}, which `{block.path}` lacks", LAYERS_HINT)
    own = copy.deepcopy(config)
    own.modules_to_save = saved or None
    try:
        wrapped = get_peft_model(model, own)
    except (ValueError, TypeError, NotImplementedError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise StageError("RUN702", f"PEFT rejects `peft` for `{block.path}`: {reason}", LAYERS_HINT) from error
    if isinstance(wrapped.get_base_model().get_output_embeddings(), BaseTunerLayer):
        message = f"`peft.target_modules` reaches the output layer of `{block.path}`, whose adapter is never trained"
        raise StageError("RUN702", message, LAYERS_HINT)


def _without_weights(block: ModelBlock, volumes: Volumes) -> Any:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    folder = volumes.models / block.path
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=block.trust_remote_code, local_files_only=True)
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(config, trust_remote_code=block.trust_remote_code)
    except Exception:  # code of a model may raise anything
        return None


def _ends(module: str, name: str) -> bool:
    return module == name or module.endswith(f".{name}")
