"""The reward library: functions with TRL's signature that score an answer from 0 to 1.

They run in the worker. `exact_match`, `numeric_answer` and `tool_call` compare with the right answer of the row (column
`reference`), like the metrics of evaluations. `json_schema`, `regex` and `length` check only the form: right answers
and well-formed nonsense score the same, so combine them with a term that compares. `sql_execution` is in `queries.py`.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from runtime.contract.answers import same_text
from runtime.contract.tool_calls import same_calls
from runtime.scoring.numbers import same_number
from runtime.scoring.rewards.text import judged, text_of

Function = Callable[..., list[float | None]]
Options = dict[str, Any]


def functions() -> dict[str, Callable[[Options], Function]]:
    """Return the factory of each function by name; it takes validated options."""
    return {
        "exact_match": lambda options: _compared(same_text, options),
        "numeric_answer": lambda options: _compared(same_number, options),
        "tool_call": lambda options: _compared(lambda reference, text: not same_calls(reference, text), options),
        "json_schema": _json_schema,
        "length": _length,
        "regex": _regex,
    }


def _compared(same: Callable[[str, str], bool], options: Options) -> Function:
    """Score 1 if the answer equals the row's right one."""

    def score(*, completions: Sequence[Any], reference: Sequence[str | None] = (), **_: Any) -> list[float | None]:
        if len(reference) != len(completions) or not all(reference):
            raise ReferenceError("a row has no right answer to compare with")
        answers = [judged(text_of(completion), options["after"]) for completion in completions]
        pairs = zip(answers, map(str, reference), strict=True)
        # an empty answer is never right, even if the reference is white space
        return [float(bool(answer and answer.strip()) and same(right, str(answer))) for answer, right in pairs]

    return score


def _json_schema(options: Options) -> Function:
    """Score 1 if the whole answer is one JSON value that is valid under the schema."""
    import json

    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    # an empty registry, which rejects a `$ref` to another document instead of fetching it
    validator = validator_for(options["schema"], default=Draft202012Validator)(options["schema"], registry=Registry())

    def fits(text: str | None) -> bool:
        try:
            return text is not None and bool(validator.is_valid(json.loads(text)))
        except (ValueError, RecursionError):
            return False

    def score(*, completions: Sequence[Any], **_: Any) -> list[float | None]:
        return [float(fits(judged(text_of(completion), options["after"]))) for completion in completions]

    return score


def _regex(options: Options) -> Function:
    """Score 1 if the answer contains a match of the pattern."""
    pattern = re.compile(options["pattern"])

    def score(*, completions: Sequence[Any], **_: Any) -> list[float | None]:
        answers = [judged(text_of(completion), options["after"]) for completion in completions]
        return [float(answer is not None and bool(pattern.search(answer))) for answer in answers]

    return score


def _length(options: Options) -> Function:
    """Score 1 from `least` to `most`; below, the share of `least`; above, decreasing to 0 at twice `most`."""
    least: int = options["least"]
    most: int | None = options["most"]

    def share(length: int) -> float:
        if length < least:
            return length / least
        return 1.0 if most is None or length <= most else max(0.0, 2.0 - length / most)

    def score(
        *, completions: Sequence[Any], completion_ids: Sequence[Sequence[int]] = (), **_: Any
    ) -> list[float | None]:
        if options["unit"] == "tokens":
            if len(completion_ids) != len(completions):
                raise ReferenceError("the number of tokens is unknown")
            return [share(len(ids)) for ids in completion_ids]
        answers = [judged(text_of(completion), options["after"]) for completion in completions]
        return [0.0 if answer is None else share(len(answer.strip())) for answer in answers]

    return score
