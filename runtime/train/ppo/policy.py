"""The policy with a value for each token: one body, a word head and a value head."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from trl.trainer.utils import selective_log_softmax_and_entropy

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedModel


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenFigures:
    """Figures of each token, rows x tokens in float32.

    These are log pi(token), the value before it, and the entropy in nats.
    """

    log_probs: "Tensor"
    values: "Tensor"
    entropies: "Tensor"


class ValueHead(nn.Module):  # type: ignore[misc]
    """The expected future reward, linear in the body's last hidden state; initially 0."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, hidden: "Tensor") -> "Tensor":
        """Return the values (rows x tokens, float32) of hidden states (rows x tokens x width)."""
        # Mixed precision would round a matrix product to 8 bits, too coarse for advantages, differences of values.
        return (hidden.float() * self.weight).sum(-1) + self.bias


class PolicyWithValue(nn.Module):  # type: ignore[misc]
    """The trained module: the policy and its value head.

    Both losses change the body that the two heads share (arXiv 1707.06347, equation 9).
    """

    def __init__(self, policy: "PreTrainedModel | PeftModel") -> None:
        super().__init__()
        self.policy = policy
        self.config = policy.config
        self.value_head = ValueHead(policy.config.get_text_config().hidden_size)

    def forward(
        self,
        input_ids: "Tensor",
        attention_mask: "Tensor",
        length: int,
        temperature: float,
        other: "PreTrainedModel | None" = None,
    ) -> TokenFigures:
        """Return the figures of the last `length` tokens of each row, which follow its prompt.

        `input_ids` and `attention_mask` are rows x (prompt + length), prompts padded on the left. The model `other`, if
        given, replaces the policy.
        """
        logits, hidden = _of_answer(other or self.base, input_ids, attention_mask, length)
        log_probs, entropies = selective_log_softmax_and_entropy(
            logits, input_ids[:, -length:], entropy_requires_grad=False, temperature=temperature
        )
        return TokenFigures(log_probs=log_probs, values=self.value_head(hidden), entropies=entropies)

    @property
    def base(self) -> "PreTrainedModel":
        """The policy without its PEFT wrapper; adapters stay active in it."""
        model: Any = self.policy
        return model.get_base_model() if self.has_adapter else model

    @property
    def has_adapter(self) -> bool:
        """Whether an adapter is trained instead of the weights."""
        return hasattr(self.policy, "peft_config")

    def without_adapter(self) -> AbstractContextManager[None]:
        """Return a context in which the policy is the model before training."""
        policy: Any = self.policy
        context: AbstractContextManager[None] = policy.disable_adapter() if self.has_adapter else nullcontext()
        return context

    # The trainer calls this method of a model:
    def gradient_checkpointing_enable(self, **settings: Any) -> None:
        """Recompute activations in the backward pass."""
        self.policy.gradient_checkpointing_enable(**settings)


def _of_answer(
    model: "PreTrainedModel", input_ids: "Tensor", attention_mask: "Tensor", length: int
) -> tuple["Tensor", "Tensor"]:
    """Return the logits of the last `length` tokens, and the input of the head.

    The logits are rows x length x words, in float32.
    """
    seen: list[Tensor] = []
    head: Any = model.get_output_embeddings()
    # A hook on the head gets the hidden states that the words depend on, with every model family.
    hook = head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    try:
        output = model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=(attention_mask.cumsum(1) - 1).clamp(min=0),
            logits_to_keep=length + 1,
            use_cache=False,
        )
    finally:
        hook.remove()
    return output.logits[:, :-1].float(), seen[0][:, :-1]
