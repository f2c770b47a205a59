"""The process that runs reward functions, confined and with limits.

It reads one request per line from stdin and writes one answer per line to stdout. The first request names the terms and
the data volume, from whose top folder modules are imported; the answer names the isolation (`sandbox.confine`). Each
later request is one batch for one term, or one row for a metric of the team's own. Output of functions is discarded.
Memory, processor time and file size are limited; the parent kills the process if it does not answer in time.
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
CPU_PER_SECOND = 4  # processor time per second that the parent waits; reached first only with threads

Function = Callable[..., Any]


def main() -> int:
    """Answer requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # output of a function must not look like an answer
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
    """Return the function of a term; LookupError with the reason if there is none."""
    module, colon, name = use.partition(":")
    if not colon:
        library = functions()
        # queries run in a separate process, so that one that exceeds a limit scores 0 and does not fail the stage
        return library[use](options) if use in library else _nothing
    try:
        function = getattr(importlib.import_module(module), name)
    except Exception as error:
        raise LookupError(f"reward `{use}` cannot be imported: {_summary(error)}") from error
    if not callable(function):
        raise LookupError(f"`{use}` is not a function")
    result: Function = function
    return result


def _nothing(**_: Any) -> list[None]:
    return []


def _answer(terms: list[Function], request: dict[str, Any], first: dict[str, Any]) -> dict[str, Any]:
    use = first["terms"][request["term"]]["use"]
    kind = "metric" if "row" in request else "reward"
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + CPU_PER_SECOND * request["seconds"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
    try:
        if kind == "metric":
            return _scored_row(terms[request["term"]], request, Path(first["data"]))
        columns = {name: each for name, each in request["columns"].items() if name not in ("prompts", "completions")}
        scores = terms[request["term"]](prompts=request["prompts"], completions=request["completions"], **columns)
    except MemoryError:
        return {"fault": "RUN753", "message": f"{kind} `{use}` needs more than {MEMORY_BYTES >> 30} GiB of memory"}
    except ReferenceError as error:
        return {"fault": "RUN754", "message": f"reward `{use}`: {error}"}
    except Exception as error:
        return {"fault": "RUN751", "message": f"reward `{use}` raised {_summary(error, Path(first['data']))}"}
    return {"scores": _plain(scores)}


def _scored_row(function: Function, request: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the score that a metric of the team's own gives to an answer, or the error that it raises."""
    try:
        return {"score": _number(function(request["row"], request["answer"]))}
    except MemoryError:
        raise
    except Exception as error:
        return {"raised": _summary(error, folder)}


def _plain(scores: Any) -> Any:
    """Return the scores for JSON; the parent rejects values that are not numbers, written as their type."""
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


def _summary(error: Exception, folder: Path | None = None) -> str:
    """Return the error in one line, with its place in the spec's folder."""
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
