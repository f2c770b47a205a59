"""Replies of an endpoint within a budget; each request is paid for once, also after a kill."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from runtime.contract.errors import StageError
from runtime.contract.served import BudgetBlock, ServedBlock
from runtime.model.answering.journal import Journal
from runtime.model.answering.request import Request
from runtime.model.endpoint.batch import query_all
from runtime.model.endpoint.client import Endpoint, RejectedError, Reply, Service
from runtime.stage.context import StageContext

SILENT = 16  # answers; as many empty ones and no other are a fault of the endpoint
OF_ONE_REQUEST = (400, 413, 422)  # of a content filter, or of a prompt that is too long for the model


class BudgetSpentError(Exception):
    """The budget does not allow all new calls of the requests; the journal keeps the replies so far."""


class PaidModel:
    """The model of a `ServedBlock`; its journal is in `folder`, by default the stage's own, under the name of its role.

    Open requests at a kill have no reply in the journal and are made again, with the same `Idempotency-Key`. Their
    number is at most the concurrency.
    """

    def __init__(
        self,
        served: ServedBlock,
        *,
        role: str,
        key_variable: str,
        budget: BudgetBlock,
        context: StageContext,
        folder: Path | None = None,
    ) -> None:
        self._served = served
        self._service = Service(
            role=role, url=served.endpoint, name=served.name, revision=served.revision, key_variable=key_variable
        )
        self._budget = budget
        self._journal = Journal(folder or context.folder, f"calls.{role.replace(' ', '-')}.jsonl")
        self._events = context.events
        self._stop = context.stop
        self.retries = 0
        costs = [self._cost(reply) for reply in self._journal.known.values()]
        self.usd = sum(costs)  # of the answered calls, by the endpoint's token counts and the price
        self._dearest = max(costs, default=0.0)

    @property
    def calls(self) -> int:
        """The calls that were answered, in this run and earlier ones."""
        return len(self._journal.known)

    def replies(self, requests: Sequence[Request]) -> list[Reply | None]:
        """Return the reply to each request; None if the endpoint rejects that request for its content or length.

        `BudgetSpentError` once the budget allows no further call. RUN740 on a stop request, RUN764 or RUN765 if the
        endpoint rejects every request or fails, RUN781 if all its answers are empty, RUN782 if money is limited and the
        endpoint counts no tokens.
        """
        keys = [request.key(self._served.path) for request in requests]
        known = self._journal.known
        missing = {key: request for key, request in zip(keys, requests, strict=True) if key not in known}
        if missing:
            asyncio.run(self._query(missing))
        self._refuse_silence()
        return [known[key] for key in keys]

    def _refuse_silence(self) -> None:
        """Raise RUN781 if the endpoint says nothing at all: that is no measurement of the model."""
        replies = [each for each in self._journal.known.values() if each is not None]
        if len(replies) < SILENT or any(each.text.strip() for each in replies):
            return
        cut = sum(each.truncated for each in replies)
        message = f"{self._service.role} at `{self._service.url}` answers nothing: all {len(replies)} answers are empty"
        hint = "query it by hand"
        if cut:
            message += f", {cut} of them cut at the token limit"
            hint = "raise `spec.evaluation.maxNewTokens`, as a model that thinks first needs room"
        journal = f"{self._journal.path.parent.name}/{self._journal.path.name}"
        raise StageError("RUN781", message, f"{hint}; then remove `{journal}` and run the stage again")

    def so_far(self, requests: Sequence[Request]) -> list[Reply | None]:
        """Return the replies that the journal has, as after a `BudgetSpentError`; None for other requests."""
        return [self._journal.known.get(request.key(self._served.path)) for request in requests]

    async def _query(self, missing: dict[str, Request]) -> None:
        served, items = self._served, list(missing.items())
        endpoint = Endpoint(
            self._service, concurrency=served.concurrency, requests_per_minute=served.requests_per_minute
        )
        rejected: dict[str, RejectedError] = {}
        pending = done = 0
        is_spent = False

        async def query(number: int) -> None:
            nonlocal pending, done, is_spent
            key, request = items[number]
            is_spent = is_spent or self._is_spent(pending)
            if is_spent:  # open requests go on: they are paid for
                return
            pending += 1
            try:
                reply = await endpoint.query(
                    request.messages,
                    temperature=request.temperature,
                    max_tokens=request.max_new_tokens,
                    seed=request.seed,
                    schema=request.schema,
                    idempotency_key=key,
                )
                self._keep(key, reply)
            except RejectedError as error:
                if error.status not in OF_ONE_REQUEST:
                    raise
                rejected[key] = error
            finally:
                pending -= 1
            done += 1
            self._events.emit("progress", done=done, total=len(items))

        try:
            await query_all(
                endpoint,
                range(len(items)),
                query,
                concurrency=served.concurrency,
                stop=self._stop,
                progress=lambda: f"{done} of {len(items)} requests answered",
            )
        finally:
            self.retries += endpoint.retries
        if endpoint.note:
            self._events.emit("warning", message=endpoint.note)
        for key, error in rejected.items():
            if not endpoint.has_answered and not any(self._journal.known.values()):  # it rejects every request
                raise error
            self._keep(key, None)
        if is_spent:
            allowed = "" if self._budget.usd is None else f" and ${self._budget.usd:.2f}"
            raise BudgetSpentError(
                f"{self.calls} calls cost ${self.usd:.2f}, and the budget is {self._budget.calls} calls{allowed}"
            )

    def _is_spent(self, pending: int) -> bool:
        """Return whether one more call could exceed the budget; open calls are taken to cost as much as the dearest."""
        if self.calls + pending >= self._budget.calls:
            return True
        limit = self._budget.usd
        return limit is not None and self.usd + (pending + 1) * self._dearest > limit

    def _keep(self, key: str, reply: Reply | None) -> None:
        self._journal.add({key: reply})
        counted = reply is None or reply.prompt_tokens + reply.completion_tokens > 0
        if self._budget.usd is not None and self._served.price is not None and not counted:
            message = f"{self._service.role} at `{self._service.url}` counts no tokens (`usage`): its cost is unknown"
            raise StageError("RUN782", message, "limit the calls of the spec instead of US dollars")
        cost = self._cost(reply)
        self.usd += cost
        self._dearest = max(self._dearest, cost)

    def _cost(self, reply: Reply | None) -> float:
        price = self._served.price
        if price is None or reply is None:
            return 0.0
        return (reply.prompt_tokens * price.input + reply.completion_tokens * price.output) / 1e6
