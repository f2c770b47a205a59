"""The query of a user with its steps."""

import itertools
import os
import time
from typing import Any

from .form import SCHEMA, SOURCE, loss, name_of, present, step_losses, time_of
from .part import Part
from .writer import Recorder


class Trace(Part):
    """A query of a user. Set `answer` before the block ends; `intent`, `model` and the others too, once known."""

    __slots__ = ("id", "intent", "missed", "numbers", "process", "recorder", "room", "session", "start", "steps")

    def __init__(
        self,
        query: object,
        recorder: Recorder,
        session: object = None,
        intent: object = None,
        model: object = None,
        prompt_version: object = None,
        id: object = None,  # noqa: A002
        attributes: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(model, prompt_version, attributes or {})
        self.trace = self
        self.recorder, self.room = recorder, recorder.trace_characters
        self.session, self.intent, self.id = session, intent, name_of(id) or os.urandom(16).hex()
        self.steps: list[Part] = []
        self.numbers, self.missed, self.process = itertools.count(1), 0, os.getpid()
        self._input = self.take(query, "query")[0]

    @property
    def answer(self) -> Any:
        """The answer as it was when it was set."""
        return self.taken()

    @answer.setter
    def answer(self, value: object) -> None:
        self._output = self.take(value, "answer")[0]

    def _open(self) -> None:
        self.start, self.started = time.time_ns(), time.perf_counter_ns()

    def _close(self, error: BaseException | None) -> None:
        if self.process == os.getpid():  # a forked child leaves the trace to its parent
            self.recorder.write(self.record())

    def record(self) -> dict[str, Any]:
        """Return the trace in the form of `trainspec.dev/trace/v1`."""
        parts = sorted(self.steps, key=lambda each: each.started)
        steps = [each.record() for each in parts]
        intents = [each["output"] for each in steps if each["kind"] == "intent" and isinstance(each.get("output"), str)]
        models = {each["model"] for each in steps if "model" in each}
        made: dict[str, Any] = {"schema": SCHEMA, "id": self.id, "source": SOURCE} | present(
            session=name_of(self.session),
            started=time_of(self.start),
            milliseconds=round((self.ended - self.started) / 1e6, 3),
            query=self._input,
            answer=self.taken(),
            error=self.error,
            intent=name_of(self.intent if self.intent is not None or not intents else intents[0]),
            model=name_of(self.model) or (models.pop() if len(models) == 1 else None),
            prompt_version=name_of(self.prompt_version),
            attributes=self._noted(),
        )
        lost = [loss("no-query", "")] if self._input is None else []
        lost += [loss("no-answer", "")] if not {"answer", "error"} & made.keys() else []
        lost += [loss("no-detail", "", f"{self.missed} more steps")] if self.missed else []
        lost += [loss(kind, "", detail) for kind, detail in self.lost or ()]
        for part, step in zip(parts, steps, strict=True):
            lost += step_losses(step, part.lost or ())
        return made | {"steps": steps, "losses": lost}
