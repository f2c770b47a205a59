"""Feedback of people and judges on a trace, and badcases from the negative ones."""

from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json, to_json

from compiler.run.imports.plain import answer_of
from compiler.run.imports.steps import StepRow

_NEGATIVE = frozenset(
    {"bad", "negative", "no", "thumbs-down", "thumbs_down", "thumbsdown", "thumb_down", "down", "dislike", "disliked"}
    | {"incorrect", "wrong", "fail", "failed", "false", "unhelpful", "not-helpful", "not_helpful", "hallucinated"}
    | {"hallucination", "reject", "rejected", "poor", "👎", "差", "错误", "不正确", "踩", "负面"}
)
_ZERO_TO_ONE_BAD = 0.5  # a score below it is negative, if it lies between 0 and 1; below 0 it is negative on any scale
# names of scores of which a high one is bad
_INVERTED = ("hallucination", "toxicity", "error", "bias", "refusal", "harm")


def feedback_of(notes: Sequence[StepRow]) -> list[dict[str, Any]]:
    """Return the feedback among the notes of a trace, each with the `step` that it is about, in a fixed order."""
    found = []
    for note in notes:
        if note.kind == "feedback":
            held = from_json(note.body)["value"]
            if isinstance(held, dict):
                found.append(held | ({"step": note.id} if note.id and "step" not in held else {}))
    return sorted(found, key=to_json)


def is_negative(feedback: dict[str, Any]) -> bool:
    """Return whether feedback says that the answer is bad: by its label, a correction, or a low score.

    A score above 1 is on a scale that is not known, and says nothing.
    """
    if feedback.get("correction") not in (None, "", {}):
        return True
    label = feedback.get("label")
    if isinstance(label, str) and label.strip().lower().replace(" ", "-") in _NEGATIVE:
        return True
    value = feedback.get("value")
    if not isinstance(value, int | float):
        return False
    if any(each in str(feedback.get("name", "")).lower() for each in _INVERTED):
        return 1 >= value > _ZERO_TO_ONE_BAD
    return value < _ZERO_TO_ONE_BAD


def badcase(
    trace: str,
    query: Any,
    answer: Any,
    model: str | None,
    prompt_version: str | None,
    feedback: Sequence[dict[str, Any]],
) -> dict[str, Any] | None:
    """Return a row of shape `badcase`; None if no feedback is negative. Without a correction it lacks its `fix`."""
    bad = [each for each in feedback if is_negative(each)]
    if not bad or query is None:
        return None
    fix = next((each["correction"] for each in bad if each.get("correction") not in (None, "", {})), None)
    comments = [str(each["comment"]) for each in bad if each.get("comment")]
    row = {
        "id": trace,
        "prompt": query if isinstance(query, str | list) else _written(query),
        "fix": None if fix is None else _written(answer_of(fix)),
        "answer": None if answer is None else _written(answer),
        "model": model,
        "prompt_version": prompt_version,
        "comment": "\n".join(comments) or None,
    }
    return {name: value for name, value in row.items() if value is not None}


def _written(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value, inf_nan_mode="null").decode()
