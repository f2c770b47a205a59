"""The form of an answer in which equal answers are equal: a number, a call, or plain text."""

import json
from contextlib import suppress
from dataclasses import asdict

from runtime.contract.answers import final_answer
from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.numbers.quantity import Quantity
from runtime.contract.numbers.read import read_number
from runtime.contract.tool_calls import read_tool_calls
from runtime.contract.words import folded


def form_of(text: str, metric: MetricBlock) -> str:
    """Return the number or the calls of an answer where the metric compares those, else its text without case."""
    answer = final_answer(text, metric.answer_marker)
    if metric.use == "numeric_answer" and isinstance(number := read_number(answer), Quantity):
        return f"{number.value / number.share} {number.unit}"
    if metric.use == "tool_call":
        with suppress(ValueError, RecursionError):
            return json.dumps([asdict(each) for each in read_tool_calls(answer)], sort_keys=True)
    return folded(answer)
