"""TrainingArguments for sharing a model among processes: copies, or shards by FSDP2 or DeepSpeed."""

import importlib.util
from typing import Any

from runtime.contract.errors import StageError
from runtime.contract.training_stages import TrainingStage


def sharding(stage: TrainingStage, *, has_gpu: bool) -> dict[str, Any]:
    """Return the fields for the stage's strategy; RUN744 if it is not available.

    Without a GPU, the trainer would silently train plain copies for strategy `fsdp`.
    """
    strategy = stage.distributed.strategy
    if strategy == "ddp":
        return {}
    if not has_gpu:
        message = f"`distributed.strategy: {strategy}` shards a model over GPUs, but no GPU is available"
        raise StageError("RUN744", message, "run the stage on a profile with GPUs, or set the strategy to `ddp`")
    if strategy == "fsdp":
        # FSDP checkpoints activations itself; the trainer's checkpointing would gather each layer once more.
        return {"fsdp": True, "fsdp_config": _fsdp2(stage), "gradient_checkpointing": False}
    if importlib.util.find_spec("deepspeed") is None:
        message = f"`distributed.strategy: {strategy}` needs DeepSpeed, which is not installed"
        raise StageError("RUN744", message, "install it with `pip install deepspeed`, or set the strategy to `fsdp`")
    return {"deepspeed": _deepspeed(stage, 3 if strategy == "zero3" else 2)}


def _fsdp2(stage: TrainingStage) -> dict[str, Any]:
    """Return settings for FSDP2 around each transformer layer.

    Checkpoints contain whole tensors, which any number of processes can read.
    """
    return {
        "version": 2,
        "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
        "reshard_after_forward": True,
        "state_dict_type": "FULL_STATE_DICT",
        "cpu_ram_efficient_loading": False,  # each process merges the adapters of earlier stages
        "activation_checkpointing": bool(stage.trainer.get("gradient_checkpointing", False)),
    }


def _deepspeed(stage: TrainingStage, level: int) -> dict[str, Any]:
    """Return settings for DeepSpeed ZeRO; the trainer replaces `auto` by its own fields."""
    zero: dict[str, Any] = {"stage": level, "overlap_comm": True, "contiguous_gradients": True}
    if level == 3:
        zero["stage3_gather_16bit_weights_on_model_save"] = True
    return {
        "zero_optimization": zero,
        "bf16": {"enabled": "auto"},
        "fp16": {"enabled": "auto"},
        "gradient_clipping": "auto",
        "train_batch_size": "auto",
        "train_micro_batch_size_per_gpu": "auto",
        "gradient_accumulation_steps": "auto",
    }
