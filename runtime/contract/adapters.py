"""Layers that an adapter cannot be trained on, by the names that model families give them."""

import re

# Output layers: the trainers multiply by their weights directly, so an adapter on them would be ignored.
OUTPUT_LAYERS = ("lm_head", "embed_out", "output_layer", "output", "score")
LAYERS_HINT = "use `all-linear` or names of inner layers such as `q_proj`; to train embeddings too, use `tuning: full`"

# modules in which the names occur in a model's own list of modules
_PARENTS = ("", "model.", "transformer.", "language_model.")


def output_layers_of(target_modules: str | list[str]) -> list[str]:
    """Return the names of output layers that LoRA's `target_modules` reaches, as PEFT matches them.

    A text is a regular expression for the whole name, except `all-linear`, which leaves the output layer out. `output`
    and `score` count only if a list names them: inner layers have such names too. A faulty expression reaches none.
    """
    if isinstance(target_modules, list):
        return [name for name in target_modules if name.rsplit(".", 1)[-1] in OUTPUT_LAYERS]
    if target_modules == "all-linear":
        return []
    try:
        pattern = re.compile(target_modules)
    except re.error:
        return []
    names = OUTPUT_LAYERS[:3]
    return [name for name in names if any(pattern.fullmatch(parent + name) for parent in _PARENTS)]
