"""Prompts that leave room for an answer in the model's context: the trainers of TRL that generate never cut them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runtime.config.stages import TrainingStage
from runtime.errors import StageError
from runtime.generate import prompt_ids
from runtime.model import context_length
from runtime.questions import Prompt
from runtime.volumes import Volumes

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def require_room(
    stage: TrainingStage,
    volumes: Volumes,
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[Prompt],
    answer_tokens: int,
) -> None:
    """RUN755 if a prompt and an answer of `answer_tokens` are longer than the context of the stage's model."""
    context = context_length(stage.model, volumes)
    if context is None:
        return
    lengths = [len(prompt_ids(tokenizer, prompt)) for prompt in prompts]
    over = [index for index, length in enumerate(lengths) if length + answer_tokens > context]
    if over:
        longest = max(lengths)
        message = (
            f"{len(over)} of {len(prompts)} prompts leave no room for {answer_tokens} tokens of an answer: the longest "
            f"has {longest}, the model's context {context} (the first is row {over[0] + 1})"
        )
        raise StageError("RUN755", message, "shorten or drop these prompts, or lower `max_completion_length`")
