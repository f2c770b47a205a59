"""The judge of numeric answers, in a separate process: math-verify can take unlimited time for a formula."""

import importlib.util
from types import TracebackType
from typing import Self

from runtime.contract.errors import StageError
from runtime.scoring.numbers import PARSE_SECONDS, VERIFY_SECONDS
from runtime.scoring.sandbox.process import Worker

# math-verify limits its time by alarms; this limit ends a single operation that ignores them. The first answer includes
# the imports.
ANSWER_SECONDS = 20.0 + 2 * PARSE_SECONDS + VERIFY_SECONDS


def require_math_verify() -> None:
    """Raise RUN723 if `math-verify` is not installed."""
    if importlib.util.find_spec("math_verify") is None:
        message = "numeric answers need `math-verify`, which is not installed"
        raise StageError("RUN723", message, "install `trainspec[runtime]`, or choose another metric")


class NumericJudge:
    """A judge that compares numbers in a worker process, which restarts after an answer kills it."""

    def __init__(self) -> None:
        self._worker = Worker("runtime.scoring.sandbox.numeric_worker", seconds=ANSWER_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.stop()

    def fault(self, reference: str) -> str:
        """Return why a reference has no value, or an empty string if it is a number or a formula."""
        verdict = self._worker.ask({"reference": reference, "answer": None})
        return "a formula that exceeds its limits of time or memory" if verdict is None else str(verdict["fault"])

    def judge(self, reference: str, answer: str) -> str:
        """Return why `answer` does not equal `reference`, or an empty string if it does."""
        verdict = self._worker.ask({"reference": reference, "answer": answer})
        if verdict is None:
            return "error: the answer exceeded its limits of time or memory"
        return "" if verdict["right"] else str(verdict["fault"]) or "different number"
