"""After a save: is what lies on the disk what was trained, and does it answer? With no second model in memory."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.contract.errors import StageError

if TYPE_CHECKING:
    from torch import Tensor

PROMPT = "Hello"
NEW_TOKENS = 8
_ADAPTER = "saved"


def check_saved(model: Any, tokenizer: Any, folder: Path) -> dict[str, Any]:
    """Compare the weights in `folder` with those of the trained `model`, let them answer; return what was seen.

    An adapter is loaded anew beside the trained one, and answers in its place. The files of a whole model are compared
    with it tensor by tensor, so that one tensor more is in memory at a time. RUN746 if they differ or cannot be read,
    RUN713 if the model's scores (logits) are no finite numbers.
    """
    import torch
    from safetensors import SafetensorError

    is_adapter = (folder / "adapter_config.json").is_file()
    inner = _inner_model(model, is_adapter)
    trained = inner.active_adapter if is_adapter else None
    inner.train(False)
    try:
        with torch.inference_mode():
            compared = _answer_from(inner, folder) if is_adapter else _compare_files(inner.state_dict(), folder)
            answer = _answer(inner, tokenizer)
    except (SafetensorError, OSError, KeyError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise _fault(folder, f"cannot be read: {reason}") from error
    finally:
        if is_adapter and _ADAPTER in inner.peft_config:
            inner.set_adapter(trained)
            inner.delete_adapter(_ADAPTER)
    return {"tensors_compared": compared, "prompt": PROMPT, **answer}


def _inner_model(model: Any, is_adapter: bool) -> Any:
    """Return the part of `model` that was saved: trainers wrap it, a value head may stand on it."""
    from peft import PeftModel
    from transformers import PreTrainedModel

    kind = PeftModel if is_adapter else PreTrainedModel
    return next(module for module in model.modules() if isinstance(module, kind))


def _answer_from(model: Any, folder: Path) -> int:
    """Load the adapter of `folder` beside the trained one, and let it answer from now on; return its tensors' count."""
    from peft import get_peft_model_state_dict

    trained = get_peft_model_state_dict(model, adapter_name=model.active_adapter)
    model.load_adapter(str(folder), _ADAPTER)
    loaded = get_peft_model_state_dict(model, adapter_name=_ADAPTER)
    model.set_adapter(_ADAPTER)
    if set(trained) != set(loaded):
        raise _fault(folder, f"`{sorted(set(trained) ^ set(loaded))[0]}` is not in both")
    for name, tensor in trained.items():
        _require_equal(tensor, loaded[name], name, folder)
    return len(loaded)


def _compare_files(trained: "dict[str, Tensor]", folder: Path) -> int:
    """Compare each saved tensor with the one of its name; a tensor that was not saved must be tied to one that was."""
    from safetensors import safe_open

    saved: set[str] = set()
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 - not a mapping
                if name in trained:
                    _require_equal(trained[name], file.get_tensor(name), name, folder)
                    saved.add(name)
    places = {trained[name].data_ptr() for name in saved}
    lost = [name for name, tensor in trained.items() if name not in saved and tensor.data_ptr() not in places]
    if lost:
        raise _fault(folder, f"`{lost[0]}` was not saved")
    return len(saved)


def _require_equal(trained: "Tensor", saved: "Tensor", name: str, folder: Path) -> None:
    import torch

    if trained.shape != saved.shape or not torch.equal(trained.to("cpu", saved.dtype), saved.to("cpu")):
        raise _fault(folder, f"`{name}` differs from what was trained")


def _answer(model: Any, tokenizer: Any) -> dict[str, Any]:
    """Return the greedy answer to a short prompt; of a model that scores, whether its score is finite."""
    import torch
    from transformers import GenerationConfig

    ids = _prompt(tokenizer, model.device)
    logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    if not bool(torch.isfinite(logits).all()):
        hint = "lower `learning_rate`, or look for faulty rows in the data"
        raise StageError("RUN713", "the saved model's scores are no finite numbers", hint)
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    if not base.can_generate():
        return {"finite": True}
    settings = GenerationConfig(
        max_new_tokens=NEW_TOKENS,
        do_sample=False,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    output = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=settings)
    return {"finite": True, "answer": tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True)}


def _prompt(tokenizer: Any, device: Any) -> "Tensor":
    """Return the prompt's token ids, 1 x length."""
    import torch

    if tokenizer.chat_template is None:
        return torch.tensor([tokenizer(PROMPT)["input_ids"]], device=device)
    turns = [{"role": "user", "content": PROMPT}]
    encoded = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=True, return_dict=True)
    return torch.tensor([list(encoded["input_ids"])], device=device)


def _fault(folder: Path, reason: str) -> StageError:
    hint = "look at the outputs volume, then run the stage again: it goes on from its last checkpoint"
    return StageError("RUN746", f"the weights in `{folder.parent.name}/{folder.name}` are not sound: {reason}", hint)
