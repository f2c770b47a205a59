"""What the runtime of this version can run; plans render the rest for review. A contract test holds it to that."""

from collections.abc import Mapping
from typing import Any

from compiler.spec.schema.types import Shape

# each method with the shapes of rows that it reads
RUNTIME_METHODS: dict[str, tuple[str, ...]] = {
    "load": tuple(Shape),
    "cpt": ("text",),
    "sft": ("prompt-completion", "messages", "chain"),
    "cot": ("prompt-completion", "messages", "chain"),
    "latent-cot": ("chain",),
    "dpo": ("preference",),
    "kto": ("unpaired-preference",),
    "reward": ("preference",),
    "grpo": ("prompt", "prompt-completion", "messages", "chain", "badcase"),
    "ppo": ("prompt", "prompt-completion", "messages", "chain", "badcase"),
    "distill": ("prompt", "prompt-completion", "messages", "chain", "badcase"),
    "pairs": ("preference", "badcase"),
    "teacher": ("prompt", "prompt-completion", "messages", "chain", "badcase"),
    "sample": ("prompt-completion", "messages", "chain", "badcase"),
    "preflight": ("prompt", "prompt-completion", "messages", "chain", "badcase"),
    "evaluate": ("evaluation", "badcase", "text"),
}


def lacking(config: Mapping[str, Any]) -> str:
    """What a stage config asks for that the runtime does not have, in words; empty when it has everything."""
    method = config["method"]
    if method not in RUNTIME_METHODS:
        return f"`{method}`"
    shapes = sorted({block["shape"] for block in config["data"]} - set(RUNTIME_METHODS[method]))
    if shapes:
        return f"`{method}` on rows of shape {' and '.join(f'`{shape}`' for shape in shapes)}"
    return f"`{method}` on the prompt of an earlier stage" if "prompt" in config else ""
