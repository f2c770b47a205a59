"""The process that parses untrusted formulas, with one JSON request and answer per line.

math-verify's alarms limit the time, the system limits memory and file writes, and the parent kills the process if it
does not answer.
"""

import json
import os
import resource
import sys
from typing import Any

from runtime.scoring.numbers import number_fault, same_number

_MEMORY_BYTES = 1 << 30


def main() -> int:
    """Answer requests until stdin ends: `{"reference": str, "answer": str | None}`.

    An answer is `{"right": bool, "fault": str}`: whether the values are equal, and why the answer (or, without one, the
    reference) has no value.
    """
    for limit, most in ((resource.RLIMIT_AS, _MEMORY_BYTES), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (most, most))
    # output of a library must not mix with the answers
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(_answer(json.loads(line))) + "\n")
        answers.flush()
    return 0


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    reference, answer = request["reference"], request["answer"]
    try:
        if answer is None:
            return {"right": False, "fault": number_fault(reference)}
        right = same_number(reference, answer)
        return {"right": right, "fault": "" if right else number_fault(answer)}
    except (MemoryError, RecursionError, ArithmeticError, ValueError, TypeError, AttributeError):
        return {"right": False, "fault": "no number"}


if __name__ == "__main__":
    sys.exit(main())
