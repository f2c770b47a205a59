"""Reward models, which return one score for an answer: creation, loading and scoring."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runtime.contract.blocks import ModelBlock
from runtime.contract.errors import StageError
from runtime.contract.volumes import Volumes
from runtime.data.chat import ids_of, text_of_turns
from runtime.model.load import load_model, load_tokenizer
from runtime.model.merge import merge_adapter

if TYPE_CHECKING:  # these imports take seconds, so they wait until the data has been checked
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Conversation = str | list[dict[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class RewardModel:
    """A trained reward model.

    Better answers have higher scores; the scale differs between models.
    """

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    batch_size: int = 16

    def scores(self, prompts: Sequence[Conversation], completions: Sequence[str]) -> list[float]:
        """Return one score for each completion (text) to its prompt (text, or turns)."""
        return self.scores_of_ids([self._ids(*pair) for pair in zip(prompts, completions, strict=True)])

    def scores_of_ids(self, sequences: Sequence[Sequence[int]]) -> list[float]:
        """Return one score for each sequence of token ids: a prompt and its answer.

        A sequence ends as in training.
        """
        import torch

        device = self.model.device
        pad = self.tokenizer.pad_token_id
        by_length = sorted(range(len(sequences)), key=lambda index: (-len(sequences[index]), index))
        found: dict[int, float] = {}
        for start in range(0, len(by_length), self.batch_size):
            batch = by_length[start : start + self.batch_size]
            width = len(sequences[batch[0]])
            rows = [list(sequences[index]) for index in batch]
            ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows], device=device)
            mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=device)
            with torch.inference_mode():
                logits = self.model(input_ids=ids, attention_mask=mask, use_cache=False).logits
            found |= dict(zip(batch, logits.squeeze(-1).float().tolist(), strict=True))
        return [found[index] for index in range(len(sequences))]

    def _ids(self, prompt: Conversation, completion: str) -> list[int]:
        # Exactly the tokens that `trl.RewardTrainer` makes of a pair: the score is read at the last one.
        if isinstance(prompt, str):
            end = str(self.tokenizer.eos_token)
            ids: list[int] = self.tokenizer(prompt + completion.removesuffix(end) + end)["input_ids"]
            return ids
        turns = [*prompt, {"role": "assistant", "content": completion}]
        return ids_of(text_of_turns(turns, None, self.tokenizer, asks=False), self.tokenizer)


def check_reward_model_files(path: str, volumes: Volumes) -> None:
    """Check that the files of the reward model `path` exist; RUN722 if not.

    `path` is relative to the outputs volume.
    """
    folder = volumes.outputs / path
    is_adapter = (folder / "adapter_config.json").is_file() and (folder / "adapter_model.safetensors").is_file()
    if not is_adapter and not ((folder / "config.json").is_file() and any(folder.glob("*.safetensors"))):
        message = f"reward model `{path}` is missing or incomplete under `TRAINSPEC_OUTPUTS`"
        raise StageError("RUN722", message, "run the stage that writes it first")


def load_reward_model(path: str, base: ModelBlock, volumes: Volumes) -> RewardModel:
    """Return the reward model at `path`, on the GPU if the machine has one.

    `path` is an adapter or all weights under the outputs volume. `base` is the model that the reward stage began with.
    RUN722 if the weights do not fit it.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForSequenceClassification

    folder = volumes.outputs / path
    tokenizer = load_tokenizer(base, volumes)
    dtype: torch.dtype = getattr(torch, base.dtype)
    try:
        if (folder / "adapter_config.json").is_file():
            # Merged in float32 and rounded once, like the adapters of earlier stages.
            unquantized = base.model_copy(update={"dtype": "float32", "quantization": None})
            untrained = new_reward_model(unquantized, volumes, tokenizer)
            model: Any = merge_adapter(untrained, folder).to(dtype)
        else:
            model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=dtype, local_files_only=True)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        message = f"reward model `{path}` does not fit `{base.path}`: {reason}"
        raise StageError("RUN722", message, "train the reward model again on this base model") from error
    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    model.train(False)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    return RewardModel(model=model, tokenizer=tokenizer)


def new_reward_model(
    base: ModelBlock, volumes: Volumes, tokenizer: "PreTrainedTokenizerBase", seed: int = 0
) -> "PreTrainedModel":
    """Return `base` with its adapters merged, and a score head instead of the word head.

    The head's weights are drawn with variance 1 / (width + 1) (Stiennon et al. 2020, arXiv 2009.01325, appendix B.1).
    RUN720 if the model's family has no such form.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    words = load_model(base, volumes)
    config = copy.deepcopy(words.config)
    config.num_labels = 1
    with torch.device("meta"):  # without weights, as the body comes from `words`
        model: PreTrainedModel = AutoModelForSequenceClassification.from_config(
            config, trust_remote_code=base.trust_remote_code
        )
    if not isinstance(getattr(model, "score", None), torch.nn.Linear):
        message = f"model `{base.path}` ({type(words).__name__}) has no form with one score"
        raise StageError("RUN720", message, "use a base model of another family, such as Llama or Qwen")
    setattr(model, model.base_model_prefix, words.base_model)
    width = config.get_text_config().hidden_size
    head = torch.nn.Linear(width, 1, bias=False)
    weights = torch.empty(1, width).normal_(0.0, (width + 1) ** -0.5, generator=torch.Generator().manual_seed(seed))
    head.weight.data = weights.to(words.device, words.dtype)
    model.score = head
    config.get_text_config().pad_token_id = tokenizer.pad_token_id  # the model finds an answer's last token by it
    model.config = config
    return model
