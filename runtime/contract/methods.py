"""Methods of the runtime: the row shapes that each reads, its title, and the trainer fields that it sets.

These are plain tables, which the compiler imports quickly. `training_stages.py` and `stages.py` hold the models of
stage configs; a method of `PlainTraining` needs no model of its own.
"""

from dataclasses import dataclass
from typing import Literal

from runtime.contract.data.shapes import Shape

STAGE_SCHEMA = "trainspec.dev/stage/v1"
MAX_AUGMENTED_ROWS = 20_000  # each question is compared with all others

_PROMPTS = (Shape.PROMPT, Shape.PROMPT_COMPLETION, Shape.MESSAGES, Shape.CHAIN, Shape.BADCASE)
_SUPERVISED = (Shape.PROMPT_COMPLETION, Shape.MESSAGES, Shape.CHAIN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Method:
    """A method: the `shapes` of rows that it reads, and its `title` in a model card if it trains."""

    shapes: tuple[Shape, ...]
    title: str = ""


METHODS: dict[str, Method] = {
    "load": Method(shapes=tuple(Shape)),
    "cpt": Method(shapes=(Shape.TEXT,), title="continued pre-training"),
    "sft": Method(shapes=_SUPERVISED, title="supervised fine-tuning"),
    "cot": Method(shapes=_SUPERVISED, title="supervised fine-tuning on chains of thought"),
    "latent-cot": Method(shapes=(Shape.CHAIN,), title="stepwise internalisation of chains of thought"),
    "dpo": Method(shapes=(Shape.PREFERENCE,), title="direct preference optimisation"),
    "kto": Method(shapes=(Shape.UNPAIRED_PREFERENCE,), title="Kahneman-Tversky optimisation"),
    "reward": Method(shapes=(Shape.PREFERENCE,), title="reward modelling"),
    "grpo": Method(shapes=_PROMPTS, title="group-relative policy optimisation"),
    "ppo": Method(shapes=_PROMPTS, title="proximal policy optimisation"),
    "distill": Method(shapes=_PROMPTS, title="on-policy distillation"),
    "pairs": Method(shapes=(Shape.PREFERENCE, Shape.BADCASE)),
    "teacher": Method(shapes=_PROMPTS),
    "sample": Method(shapes=(Shape.PROMPT_COMPLETION, Shape.MESSAGES, Shape.CHAIN, Shape.BADCASE)),
    "optimize-prompt": Method(
        shapes=(Shape.PROMPT_COMPLETION, Shape.MESSAGES, Shape.CHAIN, Shape.BADCASE, Shape.EVALUATION)
    ),
    "preflight": Method(shapes=_PROMPTS),
    "augment": Method(shapes=(Shape.TEXT, Shape.EVALUATION)),
    "probe": Method(shapes=(Shape.BADCASE, Shape.EVALUATION, Shape.PROMPT_COMPLETION, Shape.MESSAGES)),
    "evaluate": Method(shapes=(Shape.EVALUATION, Shape.BADCASE, Shape.TEXT)),
}

# methods whose configs have the fields of all training stages and no others
PlainTraining = Literal["dpo", "kto"]

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
