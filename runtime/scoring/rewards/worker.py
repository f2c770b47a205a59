"""The process that runs reward functions: one request a line on stdin, one answer a line on stdout, every limit set.

The first request names the terms and the data volume, whose top folder is where modules are looked for; the answer says
what keeps the process in (`sandbox.confine`). Each later request is one term and one batch. What a function prints goes
nowhere. Memory, processor time and file size are limited; the parent ends the process if it does not answer in time.
"""

import importlib
import json
import os
import resource
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runtime.scoring.rewards.library import functions
from runtime.scoring.sandbox.confine import confine

MEMORY_BYTES = 2 << 30
CPU_PER_SECOND = 4  # processor time over the wall time that the parent waits, which comes first but for threads

Function = Callable[..., Any]


def main() -> int:
    """Answer requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a function prints must not be taken for an answer
    first = json.loads(sys.stdin.readline())
    isolation = confine(MEMORY_BYTES)
    sys.path.insert(0, first["data"])
    terms: list[Function] = []
    try:
        terms = [_function(term["use"], term["options"]) for term in first["terms"]]
        answer: dict[str, Any] = {"isolation": isolation}
    except Exception as error:
        answer = {"fault": "RUN750", "message": str(error)}
    _write(answers, answer)
    for line in sys.stdin:
        _write(answers, _answer(terms, json.loads(line), first))
    return 0


def _function(use: str, options: dict[str, Any]) -> Function:
    """The function of a term; LookupError, with what is wrong with it, where there is none."""
    module, colon, name = use.partition(":")
    if not colon:
        library = functions()
        # queries have a process of their own, so that one that breaks a limit is wrong rather than a failure
        return library[use](options) if use in library else _nothing
    try:
        function = getattr(importlib.import_module(module), name)
    except Exception as error:
        raise LookupError(f"reward `{use}` cannot be imported: {_said(error)}") from error
    if not callable(function):
        raise LookupError(f"`{use}` is no function")
    result: Function = function
    return result


def _nothing(**_: Any) -> list[None]:
    return []


def _answer(terms: list[Function], request: dict[str, Any], first: dict[str, Any]) -> dict[str, Any]:
    use = first["terms"][request["term"]]["use"]
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + CPU_PER_SECOND * request["seconds"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
    columns = {name: values for name, values in request["columns"].items() if name not in ("prompts", "completions")}
    try:
        scores = terms[request["term"]](prompts=request["prompts"], completions=request["completions"], **columns)
    except MemoryError:
        return {"fault": "RUN753", "message": f"reward `{use}` needs more than {MEMORY_BYTES >> 30} GiB of memory"}
    except ReferenceError as error:
        return {"fault": "RUN754", "message": f"reward `{use}`: {error}"}
    except Exception as error:
        return {"fault": "RUN751", "message": f"reward `{use}` raised {_said(error, Path(first['data']))}"}
    return {"scores": _plain(scores)}


def _plain(scores: Any) -> Any:
    """The scores as JSON has them; what is no number is told by its type, which the parent refuses."""
    if isinstance(scores, (str, bytes, dict)) or not hasattr(scores, "__iter__"):
        return f"`{type(scores).__name__}`"
    return [_number(score) for score in scores]


def _number(score: Any) -> float | str | None:
    if score is None:
        return None
    if isinstance(score, (str, bytes)):
        return type(score).__name__
    try:
        return float(score)
    except Exception:
        return type(score).__name__


def _said(error: Exception, folder: Path | None = None) -> str:
    """The error in a line, with where in the spec's folder it was raised."""
    lines = str(error).strip().splitlines() or [""]
    frames = traceback.extract_tb(error.__traceback__)
    places = [each for each in frames if folder and each.filename.startswith(f"{folder}/")]
    where = f" ({Path(places[-1].filename).name}:{places[-1].lineno})" if places else ""
    return f"{type(error).__name__}: {lines[0][:300]}{where}"


def _write(stream: Any, answer: dict[str, Any]) -> None:
    stream.write(json.dumps(answer) + "\n")
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
