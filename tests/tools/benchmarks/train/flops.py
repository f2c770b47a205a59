"""Model FLOPs of training, and their share of what the device could do (MFU)."""

from typing import Any


def training_flops(config: Any, *, tokens: int, squares: int, lora: bool) -> float:
    """FLOPs of forward and backward over rows of causal text with `tokens` in all and `squares` the sum of lengths².

    Matrices cost 6 FLOPs a weight and token (PaLM, arXiv 2204.02311, appendix B), and 4 under LoRA, whose frozen
    weights get no gradient. Scores of attention are no weights: forward and backward, half of the square each row.
    """
    from trl.trainer.utils import compute_flops_per_token

    matrices = compute_flops_per_token(config, 0) * tokens
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    scores = 3 * config.num_hidden_layers * 4 * config.num_attention_heads * head * squares / 2
    return matrices * (4 / 6 if lora else 1) + scores


def mfu(flops: float, seconds: float, device_name: str) -> float | None:
    """Share (0 to 1) of the device's peak for dense bfloat16; None where TRL's table does not know the device."""
    from trl.trainer.utils import get_peak_flops

    peak = get_peak_flops(device_name, "bfloat16")
    return None if peak is None else flops / seconds / peak
