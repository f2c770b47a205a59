"""Methods of the runtime: the row shapes that each reads, and the trainer fields that it sets.

These are plain tables, which the compiler imports quickly. `stages.py` validates stage configs against them.
"""

from runtime.contract.shapes import Shape

STAGE_SCHEMA = "trainspec.dev/stage/v1"

_PROMPTS = (Shape.PROMPT, Shape.PROMPT_COMPLETION, Shape.MESSAGES, Shape.CHAIN, Shape.BADCASE)
_SUPERVISED = (Shape.PROMPT_COMPLETION, Shape.MESSAGES, Shape.CHAIN)

METHODS: dict[str, tuple[Shape, ...]] = {
    "load": tuple(Shape),
    "cpt": (Shape.TEXT,),
    "sft": _SUPERVISED,
    "cot": _SUPERVISED,
    "latent-cot": (Shape.CHAIN,),
    "dpo": (Shape.PREFERENCE,),
    "kto": (Shape.UNPAIRED_PREFERENCE,),
    "reward": (Shape.PREFERENCE,),
    "grpo": _PROMPTS,
    "ppo": _PROMPTS,
    "distill": _PROMPTS,
    "pairs": (Shape.PREFERENCE, Shape.BADCASE),
    "teacher": _PROMPTS,
    "sample": (Shape.PROMPT_COMPLETION, Shape.MESSAGES, Shape.CHAIN, Shape.BADCASE),
    "preflight": _PROMPTS,
    "evaluate": (Shape.EVALUATION, Shape.BADCASE, Shape.TEXT),
}

_LOSS = dict.fromkeys(
    ("assistant_only_loss", "completion_only_loss", "dataset_kwargs"), "the method, which masks the loss itself"
)
_CURRICULUM = dict.fromkeys(
    ("max_steps", "packing", "shuffle_dataset", "train_sampling_strategy"), "the method, for its curriculum"
)
# fields of a method's trainer that a spec cannot set, and what sets each
OWNED: dict[str, dict[str, str]] = {
    "cpt": _LOSS,
    "sft": _LOSS,
    "cot": _LOSS,
    "latent-cot": _LOSS | _CURRICULUM,
    "grpo": {"reward_weights": "`weight` of the functions of `spec.reward`"},
}
