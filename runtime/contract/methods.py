"""The methods that the runtime runs: the shapes of rows that each reads, and the trainer fields that it sets itself.

Plain tables, so that a quick command of the compiler can import them. The stage configs in `stages.py` are checked
by them.
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
    ("assistant_only_loss", "completion_only_loss", "dataset_kwargs"), "the method, which says what is learnt"
)
_CURRICULUM = dict.fromkeys(
    ("max_steps", "packing", "shuffle_dataset", "train_sampling_strategy"), "the method, for its curriculum"
)
# fields of a method's trainer that no spec may set → what sets them
OWNED: dict[str, dict[str, str]] = {
    "cpt": _LOSS,
    "sft": _LOSS,
    "cot": _LOSS,
    "latent-cot": _LOSS | _CURRICULUM,
    "grpo": {"reward_weights": "`weight` of the functions of `spec.reward`"},
}
