"""A request to a model, and its key in the journal."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from runtime.data.questions import Prompt
from runtime.model.endpoint.client import Reply


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A prompt (text or turns) and how it is answered; `seed` tells samples of one prompt apart.

    An endpoint constrains the answer to a JSON `schema` (as text), if there is one; weights cannot.
    """

    prompt: Prompt
    max_new_tokens: int
    temperature: float = 0.0
    seed: int = 0
    schema: str = ""

    @property
    def messages(self) -> list[dict[str, str]]:
        """The prompt as turns."""
        return [{"role": "user", "content": self.prompt}] if isinstance(self.prompt, str) else self.prompt

    def key(self, model: str) -> str:
        """Return the digest by which the journal knows this request to `model`."""
        parts = [model, self.prompt, self.max_new_tokens, self.temperature, self.seed]
        parts += [self.schema] * bool(self.schema)
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


class AnsweringModel(Protocol):
    """A model that replies to requests."""

    def replies(self, requests: Sequence[Request]) -> list[Reply | None]:
        """Return the reply to each request; None if the model refuses that request."""
        ...
