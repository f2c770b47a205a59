"""The verdict in a judge's reply, read from its JSON alone."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAX_REASON = 500  # characters
_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_END_OF_THOUGHT = re.compile(r"</think(?:ing)?>")  # some templates write the beginning themselves
_OPEN_THOUGHT = re.compile(r"<think(?:ing)?>")
_PASSED = {"pass": True, "passed": True, "fail": False, "failed": False, "通过": True, "不通过": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether the answer passes, and why."""

    passed: bool
    reason: str


def read_verdict(reply: str) -> Verdict | None:
    """Return the verdict of a reply, None if it holds none.

    Thoughts, code fences and text around the JSON object are ignored. A reply with objects that contradict each other
    holds no verdict: it may quote the answer.
    """
    text = _THOUGHT.sub("", reply)
    text = _END_OF_THOUGHT.split(text)[-1]
    if _OPEN_THOUGHT.search(text):  # cut in a thought
        return None
    found = [verdict for each in _objects(text) if (verdict := _verdict(each)) is not None]
    return found[-1] if len({each.passed for each in found}) == 1 else None


def _verdict(value: dict[str, Any]) -> Verdict | None:
    said, reason = value.get("verdict"), value.get("reason")
    passed = said if isinstance(said, bool) else None
    if isinstance(said, str):
        passed = _PASSED.get(said.strip(" .!。！\n").lower())
    if passed is None:
        return None
    return Verdict(passed=passed, reason=reason.strip()[:MAX_REASON] if isinstance(reason, str) else "")


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a text that lie in no other one."""
    decoder, at = json.JSONDecoder(strict=False), text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            if isinstance(value, dict):
                yield value
        at = text.find("{", end)
