"""The tokens at which generation stops, wherever a model writes answers."""

from typing import TYPE_CHECKING, Any

from runtime.data.answer_form import end_of_answers

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def stops_of(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Return the tokens that end an answer: the model's own, the tokenizer's, and the chat template's.

    Training teaches the last two, so generation has to stop there whatever the model's files say.
    """
    own = model.generation_config.eos_token_id if model.generation_config is not None else None
    declared = own if isinstance(own, list) else [own]
    ends = dict.fromkeys([*declared, tokenizer.eos_token_id, end_of_answers(tokenizer)])
    return [end for end in ends if end is not None]


def set_stops(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> None:
    """Write the tokens that end an answer to the model's generation settings, which trainers and exports use."""
    if model.generation_config is not None:
        model.generation_config.eos_token_id = stops_of(model, tokenizer)


def set_vllm_stops(args: Any, model: "PreTrainedModel") -> None:
    """Let vLLM stop at the model's end tokens, if the trainer's arguments say that it generates.

    It reads the model's files, which may lack the end of the chat template.
    """
    if args.use_vllm:
        ends = model.generation_config.eos_token_id
        args.generation_kwargs = {"stop_token_ids": ends, **(args.generation_kwargs or {})}
