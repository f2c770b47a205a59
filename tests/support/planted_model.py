"""A model with a planted gap behind an endpoint: its answers are sampled, by the prompt, the seed and the temperature."""

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from support.chat_endpoint import Response

PASSAGE = "The catalogue says:"  # every passage of the rows begins with it
GOLD = "[right input]"  # every gold prompt of the rows begins with it
MARKER = "Answer:"
Chance = Callable[[str, "Asked"], float]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How a request asks: what stands around the question, and the decoding."""

    item: str
    is_general: bool
    is_open: bool
    is_gold: bool
    has_chain: bool
    is_constrained: bool
    temperature: float


def row(number: int, **columns: Any) -> dict[str, Any]:
    """A badcase whose right answer is `code-NUMBER`."""
    prompt = [{"role": "user", "content": f"Which code has item {number}？"}]
    return {"id": f"case-{number}", "prompt": prompt, "fix": f"code-{number}", **columns}


def with_passage(number: int) -> dict[str, Any]:
    return row(number, passage=f"{PASSAGE} item {number} has code-{number}. 目录第 {number} 条。")


def with_gold(number: int) -> dict[str, Any]:
    gold = [{"role": "user", "content": f"{GOLD} Which code has item {number}？"}]
    return row(number, gold_prompt=gold)


def general(number: int) -> dict[str, Any]:
    return {
        "id": f"general-{number}",
        "prompt": [{"role": "user", "content": f"General question {number}"}],
        "reference": f"fact-{number}",
    }


def asked(body: dict[str, Any]) -> Asked:
    text = body["messages"][-1]["content"]
    is_general = text.startswith("General question")
    return Asked(
        item=text.split("General question ")[1] if is_general else text.split("has item ")[-1].split("？")[0],
        is_general=is_general,
        is_open=PASSAGE in text,
        is_gold=text.startswith(GOLD),
        has_chain=MARKER in text,
        is_constrained="response_format" in body,
        temperature=body["temperature"],
    )


def planted(chance: Callable[[Asked], float], *, wrong: int = 50, salt: str = "") -> Callable[[int, Any], Response]:
    """Return an endpoint's answers: right with `chance`, else one of `wrong` wrong answers.

    The random numbers are of the prompt, the seed and the temperature alone, so that a repeated request gets the same
    answer. At temperature 0 the seed has no effect.
    """

    def respond(_: int, body: dict[str, Any]) -> Response:
        found = asked(body)
        parts = [salt, body["messages"], body["temperature"], body["seed"] if body["temperature"] else 0]
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()
        generator = random.Random(digest)
        is_right = generator.random() < chance(found)
        right = f"fact-{found.item}" if found.is_general else f"code-{found.item}"
        text = right if is_right else f"other-{generator.randrange(wrong)}"
        if found.has_chain:
            text = f"first this, then that, so {text}.\n{MARKER} {text}"
        return reply(text, len(text) // 4 + 1)

    return respond


def reply(text: str, tokens: int, ends: str = "stop") -> Response:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": ends}
    usage = {"prompt_tokens": 20, "completion_tokens": tokens}
    return 200, {}, json.dumps({"choices": [choice], "usage": usage}, ensure_ascii=False).encode()


def per_item(found: Asked, low: float, high: float) -> float:
    """A chance between two values that depends on the item alone, for items that are not equally hard."""
    return low + (high - low) * random.Random(found.item).random()
