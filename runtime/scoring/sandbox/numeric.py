"""Numeric answers, judged by math-verify in a process of its own: a formula can ask for more time than there is."""

import importlib.util
from types import TracebackType
from typing import Self

from runtime.contract.errors import StageError
from runtime.scoring.sandbox.process import Worker
from runtime.scoring.text import PARSE_SECONDS, VERIFY_SECONDS

# math-verify looks at its own alarms; these end a single operation that does not end. The first answer waits for
# imports.
ANSWER_SECONDS = 20.0 + 2 * PARSE_SECONDS + VERIFY_SECONDS


def require_math_verify() -> None:
    """RUN723 where the library that reads numbers is not installed."""
    if importlib.util.find_spec("math_verify") is None:
        message = "numbers cannot be judged: `math-verify` is not installed"
        raise StageError("RUN723", message, "install `trainspec[runtime]`, or choose another metric")


class NumericJudge:
    """Compares numbers in a worker process, which is started again when an answer brings it down."""

    def __init__(self) -> None:
        self._worker = Worker("runtime.scoring.sandbox.numeric_worker", seconds=ANSWER_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.stop()

    def is_number(self, text: str) -> bool:
        """Tell whether math-verify finds a number or a formula in `text`."""
        answer = self._worker.ask({"reference": text, "answer": None})
        return bool(answer and answer["number"])

    def judge(self, reference: str, answer: str) -> str:
        """Return why `answer` has not the value of `reference`, or an empty text if it has."""
        verdict = self._worker.ask({"reference": reference, "answer": answer})
        if verdict is None:
            return "error: the answer broke its limits of time or memory"
        return "" if verdict["right"] else "another number" if verdict["number"] else "no number"
