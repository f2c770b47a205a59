"""The cache of a batch before it generates: what prompts share is computed once.

Questions share the prompt before them, and samples of one question share everything. The layout is the shared tokens,
then each prompt's rest, padded on its left.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import DynamicCache, PreTrainedModel

WORTH = 16  # tokens that a batch must save before two more passes pay


def shared_length(model: "PreTrainedModel", prompts: Sequence[list[int]]) -> int:
    """Return the number of first tokens that all prompts share, without the last token of any.

    0 for a model whose layers do not keep all keys and values: in a window, padding would take the place of tokens.
    """
    if _empty_cache(model) is None:
        return 0
    same = takewhile(lambda column: len(set(column)) == 1, zip(*prompts, strict=False))
    return min(sum(1 for _ in same), min(map(len, prompts)) - 1)


def padded(prompts: Sequence[list[int]], shared: int, pad: int) -> tuple[list[list[int]], list[list[int]]]:
    """Return ids and mask of a batch: `shared` tokens, padding, and each prompt's rest. Both are of one width."""
    width = max(map(len, prompts))
    ids = [each[:shared] + [pad] * (width - len(each)) + each[shared:] for each in prompts]
    mask = [[1] * shared + [0] * (width - len(each)) + [1] * (len(each) - shared) for each in prompts]
    return ids, mask


def prefilled(
    model: "PreTrainedModel", ids: "torch.Tensor", mask: "torch.Tensor", shared: int
) -> "DynamicCache | None":
    """Return the cache of all tokens but the last of each row; None where it would save little.

    `ids` and `mask` are those of `padded`. Equal rows are computed once.
    """
    import torch

    unique, rows = torch.unique(torch.cat([ids, mask], dim=1), dim=0, return_inverse=True)
    width = ids.shape[1]
    saved = (len(ids) - 1) * shared + (len(ids) - len(unique)) * (width - 1 - shared)
    cache = _empty_cache(model) if saved >= WORTH else None
    if cache is None:
        return None
    if shared:
        _compute(model, ids[:1, :shared], mask[:1, :shared], cache)
        cache.batch_repeat_interleave(len(unique))
    if width - 1 > shared:
        _compute(model, unique[:, shared : width - 1], unique[:, width : 2 * width - 1], cache)
    cache.batch_select_indices(rows)
    return cache


def _compute(model: "PreTrainedModel", ids: "torch.Tensor", mask: "torch.Tensor", cache: "DynamicCache") -> None:
    """Add `ids` to the cache, row i to its row i; `mask` is that of all tokens so far."""
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    called: Any = model
    fewer = {"logits_to_keep": 1} if called._supports_logits_to_keep() else {}
    called(input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True, **fewer)


def _empty_cache(model: "PreTrainedModel") -> "DynamicCache | None":
    """Return a cache that keeps all keys and values; None for a model with windows, states or compressed ones."""
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    if model.config.is_encoder_decoder:
        return None
    cache = DynamicCache(config=model.config)
    return cache if cache.layers and all(type(each) is DynamicLayer for each in cache.layers) else None
