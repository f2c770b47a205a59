"""The methods that the runtime runs, with the shapes of rows that each reads.

A plain table, so that a quick command of the compiler can import it. The stage configs in `stages.py` are checked
against it.
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
