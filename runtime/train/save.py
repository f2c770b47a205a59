"""Saving trained weights: write, describe in a model card, test, then rename.

`save_weights` does all of it; `check_saved` is the smoke test.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.contract.errors import StageError
from runtime.contract.hub import hub_model
from runtime.contract.outputs import CHECK_ROWS_FILE
from runtime.contract.training_stages import TrainingStage
from runtime.distributed.ranks import wait_for_all
from runtime.model.merge import logits_of, require_equal_logits, tolerance_of
from runtime.stage.context import StageContext
from runtime.stage.files import finish_folder, write_json
from runtime.train.card import write_card
from runtime.train.trained_rows import rows_of

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import Trainer

PROMPT = "Hello"
NEW_TOKENS = 8
_ADAPTER = "saved"


def save_weights(trainer: "Trainer", context: StageContext, folder: Path, figures: dict[str, Any]) -> dict[str, Any]:
    """Save the weights to `folder`, whole or not at all; return the result of the smoke test.

    `figures` of the training go into the model card. All processes must call this function.
    """
    stage = context.stage
    assert isinstance(stage, TrainingStage)  # noqa: S101
    temporary = folder.with_name(f".{folder.name}.tmp")
    if context.is_main:
        shutil.rmtree(temporary, ignore_errors=True)
    wait_for_all()
    trainer.save_model(str(temporary))  # by all processes: shards are gathered
    wait_for_all()
    found: dict[str, Any] = {}
    if context.is_main:
        (temporary / "training_args.bin").unlink(missing_ok=True)  # a pickle that names folders of this machine
        rows = rows_of(trainer.train_dataset, trainer.processing_class)
        write_json(context.folder / CHECK_ROWS_FILE, {"input_ids": rows})
        found = _smoke_test(trainer, stage, temporary, rows)
        set_base_model(temporary, stage.model.path)
        write_card(stage, figures, context.config_sha256, context.volumes.models / stage.model.path, temporary)
        shutil.rmtree(folder, ignore_errors=True)
        finish_folder(temporary, folder)
    wait_for_all()
    return found


def check_saved(model: Any, tokenizer: Any, folder: Path, rows: Sequence[Sequence[int]] = ()) -> dict[str, Any]:
    """Compare the weights in `folder` with the trained `model`; return the findings.

    Also generates an answer to a short prompt. An adapter is loaded again next to the trained one, and the loaded one
    answers; both must give the same logits on `rows` (token ids). The files of a whole model are compared tensor by
    tensor, so that memory holds one extra tensor at a time. RUN746 if they differ or cannot be read, RUN729 if the
    logits differ, RUN713 if they are not finite.
    """
    import torch
    from safetensors import SafetensorError

    is_adapter = (folder / "adapter_config.json").is_file()
    inner = _saved_part(model, is_adapter)
    trained = inner.active_adapter if is_adapter else None
    inner.train(False)
    expected = logits_of(inner, rows) if is_adapter else []
    try:
        with torch.inference_mode():
            compared = _activate_saved(inner, folder) if is_adapter else _compare_files(inner.state_dict(), folder)
            answer = _answer(inner, tokenizer)
        same = _same_logits(inner, expected, rows, folder)
    except (SafetensorError, OSError, KeyError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise _fault(folder, f"cannot be read: {reason}") from error
    finally:
        if is_adapter and _ADAPTER in inner.peft_config:
            inner.set_adapter(trained)
            inner.delete_adapter(_ADAPTER)
    return {"tensors_compared": compared, **same, "prompt": PROMPT, **answer}


def set_base_model(folder: Path, model: str) -> None:
    """Name the base model in the adapter's config, a hub's model as the hub does.

    The libraries write a folder of this machine there.
    """
    path = folder / "adapter_config.json"
    if path.is_file():
        config = json.loads(path.read_text(encoding="utf-8"))
        known = hub_model(model)
        config["base_model_name_or_path"] = known.name if known else model
        config["revision"] = known.commit if known else config.get("revision")
        path.write_text(json.dumps(config, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _smoke_test(
    trainer: "Trainer", stage: TrainingStage, folder: Path, rows: Sequence[Sequence[int]]
) -> dict[str, Any]:
    if stage.distributed.strategy != "ddp":  # no process holds all weights, so none can answer
        return {"skipped": f"weights are sharded ({stage.distributed.strategy}): `runtime.export` tests them"}
    model = trainer.accelerator.unwrap_model(trainer.model)
    return check_saved(model, trainer.processing_class, folder, rows)


def _saved_part(model: Any, is_adapter: bool) -> Any:
    """Return the part of `model` that was saved, without trainers' wrappers and a value head."""
    from peft import PeftModel
    from transformers import PreTrainedModel

    kind = PeftModel if is_adapter else PreTrainedModel
    return next(module for module in model.modules() if isinstance(module, kind))


def _same_logits(
    model: Any, expected: "Sequence[Tensor]", rows: Sequence[Sequence[int]], folder: Path
) -> dict[str, float]:
    """Compare the logits of the active adapter with the `expected` ones, if there are any."""
    if not expected:
        return {}
    name = f"the saved adapter `{folder.parent.name}/{folder.name}`"
    return require_equal_logits(expected, logits_of(model, rows), name, tolerance_of(model))


def _activate_saved(model: Any, folder: Path) -> int:
    """Load, compare and activate the adapter of `folder`; return its number of tensors."""
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
    """Compare each saved tensor with the trained one; return their number.

    An unsaved tensor must be tied to a saved one.
    """
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
        raise _fault(folder, f"`{name}` differs from the trained tensor")


def _answer(model: Any, tokenizer: Any) -> dict[str, Any]:
    """Return the greedy answer to a short prompt; of a reward model, only `finite`."""
    import torch
    from transformers import GenerationConfig

    ids = _prompt_ids(tokenizer, model.device)
    logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    if not bool(torch.isfinite(logits).all()):
        hint = "lower `learning_rate`, or look for faulty rows in the data"
        raise StageError("RUN713", "the logits of the saved model are not finite", hint)
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


def _prompt_ids(tokenizer: Any, device: Any) -> "Tensor":
    """Return the prompt's token ids, 1 x length."""
    import torch

    if tokenizer.chat_template is None:
        return torch.tensor([tokenizer(PROMPT)["input_ids"]], device=device)
    turns = [{"role": "user", "content": PROMPT}]
    encoded = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=True, return_dict=True)
    return torch.tensor([list(encoded["input_ids"])], device=device)


def _fault(folder: Path, reason: str) -> StageError:
    hint = "check the outputs volume, then run the stage again: it resumes from its last checkpoint"
    return StageError("RUN746", f"the weights in `{folder.parent.name}/{folder.name}` are damaged: {reason}", hint)
