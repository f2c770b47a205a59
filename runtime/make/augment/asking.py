"""Requests to a model until each has a usable reply, within the number of requests that a stage may make."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from runtime.model.answering.local import LocalModel
from runtime.model.answering.paid import BudgetSpentError, PaidModel
from runtime.model.answering.request import Request
from runtime.model.endpoint.client import Reply

ATTEMPTS = 3  # the first reply is the most likely one, the others are sampled
TEMPERATURE = 0.7  # of the later attempts: a greedy reply would be the same again

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found(Generic[T]):
    """What was read from a reply, and the request's key in the journal."""

    value: T
    key: str


class Allowance:
    """The requests that a stage may still make, to all of its models together.

    Requests count when they are made first, in the same order in every run: a resumed stage makes the same ones.
    """

    def __init__(self, calls: int) -> None:
        self._calls = calls
        self._made: set[str] = set()
        self.why = ""  # the budget that is spent, in words

    @property
    def left(self) -> int:
        """The number of further requests; 0 once the money is spent."""
        return 0 if self.why else self._calls - len(self._made)

    @property
    def made(self) -> int:
        """The number of different requests so far."""
        return len(self._made)

    def take(self, keys: Sequence[str]) -> set[str]:
        """Return the keys of requests that may be made: those made before, and new ones within the budget."""
        for key in keys:
            if key not in self._made:
                if not self.left:
                    self.why = self.why or f"all {self._calls:,} calls of the budget are made"
                    break
                self._made.add(key)
        return self._made.intersection(keys)


class Asker:
    """A model whose replies are read by a parser, and asked for again where that finds nothing."""

    def __init__(self, model: PaidModel | LocalModel, path: str, allowance: Allowance) -> None:
        self._model = model
        self.path = path
        self._allowance = allowance
        self.counts: Counter[str] = Counter()
        self._earlier_retries = 0

    def go_on_with(self, model: PaidModel) -> None:
        """Query the same endpoint within another budget."""
        self._earlier_retries = self.retries
        self._model = model

    @property
    def usd(self) -> float:
        """What the replies of an endpoint cost, by its price, in this run and earlier ones."""
        return self._model.usd if isinstance(self._model, PaidModel) else 0.0

    @property
    def retries(self) -> int:
        """The requests that were sent again after a temporary failure of the endpoint."""
        return self._earlier_retries + (self._model.retries if isinstance(self._model, PaidModel) else 0)

    @property
    def left(self) -> int:
        """The number of further requests that the stage may make."""
        return self._allowance.left

    def ask(
        self, requests: Sequence[Request], read: Callable[[Reply], T | None], *, attempts: int = ATTEMPTS
    ) -> list[Found[T] | None]:
        """Return what `read` finds in the reply to each request; None if it finds nothing, or the budget is spent."""
        found: list[Found[T] | None] = [None] * len(requests)
        waiting = list(range(len(requests)))
        for attempt in range(attempts):
            tried = [_again(requests[at], attempt) for at in waiting]
            failed = []
            for at, request, (reply, is_made) in zip(waiting, tried, self._replies(tried), strict=True):
                value = None if reply is None else read(reply)
                if value is not None:
                    found[at] = Found(value=value, key=request.key(self.path))
                elif reply is not None:
                    failed.append(at)
                    self.counts["unusable"] += 1
                else:  # the endpoint would refuse it again
                    self.counts["refused"] += is_made
            waiting = failed
            if not waiting:
                break
        return found

    def _replies(self, requests: Sequence[Request]) -> list[tuple[Reply | None, bool]]:
        """Return the reply to each request, and whether the request was made at all."""
        keys = [request.key(self.path) for request in requests]
        allowed = self._allowance.take(keys)
        wanted = [request for key, request in zip(keys, requests, strict=True) if key in allowed]
        try:
            replies = self._model.replies(wanted)
            made = [True] * len(wanted)
        except BudgetSpentError:
            assert isinstance(self._model, PaidModel)  # noqa: S101
            why = f"the replies of `{self.path}` cost ${self._model.usd:.2f}, and no further one is affordable"
            self._allowance.why = self._allowance.why or why
            replies = self._model.so_far(wanted)
            made = [reply is not None for reply in replies]
        by_key = dict(zip((each.key(self.path) for each in wanted), zip(replies, made, strict=True), strict=True))
        return [by_key.get(key, (None, False)) for key in keys]


def _again(request: Request, attempt: int) -> Request:
    """Return the request of an attempt, which differs from earlier ones and so does not get their reply again."""
    if not attempt:
        return request
    return replace(request, temperature=request.temperature or TEMPERATURE, seed=request.seed + 1000 * attempt)
