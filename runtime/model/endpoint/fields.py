"""The fields of a request that an endpoint takes, found out from what it rejects.

Reasoning models refuse `max_tokens`, a `temperature` other than their own, and some endpoints refuse `seed`:
https://platform.openai.com/docs/guides/reasoning.
"""

import re
from typing import Any

_LIMIT, _OTHER_LIMIT = "max_tokens", "max_completion_tokens"
_OPTIONAL = ("temperature", "seed")
_STATUSES = (400, 422)
_REFUSES = re.compile(
    r"support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|deprecated|extra|default", re.IGNORECASE
)


class Fields:
    """What one endpoint takes; `refused` are the optional fields that it does not take."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self._limit = _LIMIT
        self._taken: set[str] = set()

    def body(self, *, temperature: float, max_tokens: int, seed: int) -> dict[str, Any]:
        """Return the fields of a request."""
        optional = {"temperature": temperature, "seed": seed}
        return {self._limit: max_tokens} | {name: optional[name] for name in _OPTIONAL if name not in self.refused}

    def accept(self, body: dict[str, Any]) -> None:
        """Note that a request was answered: a later rejection that names one of its fields is of that request alone."""
        self._taken |= body.keys()

    def learn(self, body: dict[str, Any], status: int, message: str) -> bool:
        """Note the fields that a rejection names; return whether the request would now be another one."""
        if self._limit == _LIMIT and _OTHER_LIMIT in message:
            self._limit = _OTHER_LIMIT
        if status in _STATUSES and _REFUSES.search(message):
            named = {name for name in _OPTIONAL if re.search(rf"(?<![\w-]){name}(?![\w-])", message)}
            self.refused |= named - self._taken
        return self._limit not in body or bool(self.refused & body.keys())
