"""Merging an adapter into a model, compared with the model and the adapter side by side.

A merge that changes what the model answers is refused, because nothing later would show it: the weights load, and the
stage would exit with 0.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.contract.errors import StageError
from runtime.contract.outputs import CHECK_ROWS_FILE

if TYPE_CHECKING:  # these imports take seconds, so they wait until the data has been checked
    from torch import Tensor
    from transformers import PreTrainedModel

# The largest difference of two logits that count as equal, as a share of their standard deviation. Merges are made in
# float32. Measured there on SmolLM2-135M (rank 16, random adapters): 2e-5 on all linear layers, also with DoRA, and
# 0.0025 on embeddings; tied embeddings merged into both ends are off by 14. In 16 bits, a right merge was off by
# 0.03 to 5, so there only unmerged weights are compared: a saved adapter, and an export that is read back.
TOLERANCE = 0.02
# Weights in 4 bits are rounded again after each merge. Not measured: a bound for gross faults only.
QUANTIZED_TOLERANCE = 8.0
ROWS = 4
TOKENS = 64  # the end of each row: a check of a 7B model then takes seconds on a CPU


def merge_adapter(model: "PreTrainedModel", folder: Path) -> "PreTrainedModel":
    """Return `model` with the adapter in `folder` merged; RUN729 if it then answers differently.

    The rows to compare are those that the adapter's stage noted beside the folder. Embeddings that the output layer
    shares are first copied where the adapter changes one of the two: merged into shared weights, the change would
    reach both. Errors of PEFT, as of an adapter that does not fit, pass through.
    """
    from peft import PeftModel

    rows = noted_rows(folder.parent, _vocabulary(model))
    wrapped = PeftModel.from_pretrained(model, str(folder))
    wrapped.train(False)
    expected = logits_of(wrapped, rows)
    _untie(wrapped.get_base_model())
    merged: PreTrainedModel = wrapped.merge_and_unload()
    name = f"adapter `{folder.parent.name}/{folder.name}`, merged into its base model,"
    require_equal_logits(expected, logits_of(merged, rows), name, tolerance_of(merged))
    return merged


def noted_rows(output: Path, vocabulary: int) -> list[list[int]]:
    """Return token ids of rows that the stage with the folder `output` trained on.

    Without its file, the rows are tokens spread over the vocabulary.
    """
    try:
        noted = json.loads((output / CHECK_ROWS_FILE).read_text(encoding="utf-8"))["input_ids"]
        rows = [[int(token) for token in row if 0 <= int(token) < vocabulary] for row in noted]
    except (OSError, ValueError, KeyError, TypeError):
        rows = []
    rows = [row[-TOKENS:] for row in rows[:ROWS] if row]
    return rows or [[(start + step * 37) % vocabulary for step in range(TOKENS // 2)] for start in range(ROWS)]


def logits_of(model: Any, rows: Sequence[Sequence[int]]) -> "list[Tensor]":
    """Return the logits of each row (token ids) in float32, on the CPU."""
    import torch

    found = []
    was_training = model.training
    model.train(False)
    with torch.inference_mode():
        for row in rows:
            ids = torch.tensor([list(row)], device=model.device)
            output = model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False)
            found.append(output.logits[0].float().cpu())
    model.train(was_training)
    return found


def tolerance_of(model: Any) -> float:
    """Return the tolerance for logits of `model`."""
    return QUANTIZED_TOLERANCE if getattr(model, "is_quantized", False) else TOLERANCE


def require_equal_logits(
    expected: "Sequence[Tensor]", found: "Sequence[Tensor]", name: str, tolerance: float
) -> dict[str, float]:
    """Return the largest difference, and the scale of the logits; RUN729 if they differ by more than `tolerance`.

    The tolerance is a share of the scale: the standard deviation of the expected logits.
    """
    import torch

    values = torch.cat([each.flatten() for each in expected])
    scale = max(float(values.std()), 1e-6) if len(values) > 1 else max(float(values.abs().max()), 1e-6)
    largest = max(float((one - other).abs().max()) for one, other in zip(expected, found, strict=True))
    if not largest <= tolerance * scale:  # also if it is not a number
        message = f"{name} answers otherwise than trained: logits differ by {largest:.3g}, at a spread of {scale:.3g}"
        hint = "train without adapters on embeddings and added modules, or use `tuning: full`; the adapter is kept"
        raise StageError("RUN729", message, hint)
    return {"logits_difference": largest, "logits_spread": scale}


def _vocabulary(model: Any) -> int:
    """Return the number of tokens that `model` can read."""
    return int(model.get_input_embeddings().weight.shape[0])


def _untie(model: Any) -> None:
    """Copy shared embeddings where a LoRA adapter changes the embeddings or the output layer alone."""
    from peft.tuners.lora import LoraLayer
    from torch import nn

    ends = [model.get_input_embeddings(), model.get_output_embeddings()]
    if None in ends or not any(isinstance(each, LoraLayer) for each in ends):
        return
    first, last = (each.get_base_layer() if isinstance(each, LoraLayer) else each for each in ends)
    if first.weight.data_ptr() != last.weight.data_ptr():
        return
    last.weight = nn.Parameter(first.weight.detach().clone(), requires_grad=False)
    for config in (model.config, model.config.get_text_config()):
        config.tie_word_embeddings = False
