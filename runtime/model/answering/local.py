"""Replies of weights of the models volume; the journal keeps them, so that a stopped stage resumes."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runtime.contract.blocks import ModelBlock
from runtime.contract.errors import StageError
from runtime.model.answering.journal import Journal
from runtime.model.answering.request import Request
from runtime.model.endpoint.client import Reply
from runtime.model.generate import answer_batch
from runtime.model.load import context_length, load_model, load_tokenizer
from runtime.model.prompts import prompts_of
from runtime.stage.context import StageContext


class LocalModel:
    """The model of `block`, loaded at the first request without a reply in the journal called `role`.

    Sampled replies depend on the batch that they are generated in: the batches of one call of `replies` are the same
    after a stop, so a resumed stage gives the same replies.
    """

    def __init__(self, block: ModelBlock, *, role: str, batch_size: int, context: StageContext) -> None:
        self._block = block
        self._batch_size = batch_size
        self._context = context
        self._journal = Journal(context.folder, f"replies.{role.replace(' ', '-')}.jsonl")
        self._tokenizer = load_tokenizer(block, context.volumes)
        self._model: Any = None

    def replies(self, requests: Sequence[Request]) -> list[Reply | None]:
        """Return the reply to each request.

        RUN740 on a stop request, and the errors of `prompts_of` if a prompt is unusable.
        """
        name = "+".join([self._block.path, *self._block.adapters])
        keys = [request.key(name) for request in requests]
        known = self._journal.known
        wanted = dict(zip(keys, requests, strict=True))
        for batch in self._batches(wanted):
            if self._context.stop.is_set:
                message = f"stopped by {self._context.stop.signal_name} with {len(known)} replies"
                raise StageError("RUN740", message, "run the stage again: it resumes from there")
            made = self._answer(batch)
            self._journal.add({key: reply for key, reply in made.items() if key not in known})
            self._context.events.emit("progress", done=sum(key in known for key in wanted), total=len(wanted))
        return [known[key] for key in keys]

    def _batches(self, wanted: Mapping[str, Request]) -> Iterator[list[tuple[str, Request, list[int]]]]:
        """Yield the batches that hold a request without a reply: key, request and prompt, the longest prompts first.

        Greedy replies do not depend on their batch, so a greedy batch has such requests only.
        """
        known = self._journal.known
        room = context_length(self._block, self._context.volumes)
        settings = sorted({(each.temperature, each.max_new_tokens) for each in wanted.values()})
        for temperature, limit in settings:
            group = [
                (key, each)
                for key, each in wanted.items()
                if (each.temperature, each.max_new_tokens) == (temperature, limit)
                and (temperature > 0 or key not in known)
            ]
            rows = [{"id": key[:12], "prompt": each.prompt} for key, each in group]
            prompts = prompts_of(rows, self._tokenizer, answer_tokens=limit, context=room) if rows else []
            joined = [(key, each, ids) for (key, each), ids in zip(group, prompts, strict=True)]
            # neighbours share the most tokens, which a batch computes once
            joined.sort(key=lambda item: (item[2], item[0]))
            batches = [joined[start : start + self._batch_size] for start in range(0, len(joined), self._batch_size)]
            # longest first: a lack of memory shows at once
            for batch in sorted(batches, key=lambda each: -max(len(ids) for _, _, ids in each)):
                if any(key not in known for key, _, _ in batch):
                    yield batch

    def weights(self) -> Any:
        """Return the model, loaded at the first use, for what replies do not show."""
        if self._model is None:
            self._context.events.emit("phase", name="load model")
            self._model = load_model(self._block, self._context.volumes)
        return self._model

    def _answer(self, batch: Sequence[tuple[str, Request, list[int]]]) -> dict[str, Reply]:
        import torch

        model = self.weights()
        model.train(False)
        model.to("cuda" if torch.cuda.is_available() else "cpu")
        _, first, _ = batch[0]
        digest = hashlib.sha256("".join(key for key, _, _ in batch).encode()).digest()
        torch.manual_seed(int.from_bytes(digest[:4], "big") >> 1)
        prompts = [ids for _, _, ids in batch]
        with torch.inference_mode():
            answers = answer_batch(model, self._tokenizer, prompts, first.max_new_tokens, first.temperature)
        return {
            key: Reply(
                text=answer.text,
                truncated=answer.is_cut,
                prompt_tokens=answer.prompt_tokens,
                completion_tokens=answer.tokens,
            )
            for (key, _, _), answer in zip(batch, answers, strict=True)
        }
