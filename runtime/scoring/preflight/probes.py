"""Probes: answers that try to fool a reward, and odd answers that must not break it."""

from collections.abc import Callable

from runtime.data.questions import Prompt
from runtime.scoring.rewards.text import text_of

_FILLER = "Sure, I would be happy to help you with that. Here is the answer to your question. "
_CHAIN = "Thought process: let me think about this step by step. First I read the question carefully, then I consider "
_REPEATS = 20


def _repeated(prompt: Prompt, reference: str) -> str:
    """Return the last word of the prompt repeated, as a collapsed policy writes it."""
    words = text_of(prompt).split() or ["the"]
    return " ".join([words[-1]] * _REPEATS * 2)


# The probes by their names in the rules; each builds an answer from a prompt and its right answer, which may be empty.
HACKS: dict[str, Callable[[Prompt, str], str]] = {
    "empty": lambda prompt, reference: "",
    "padding": lambda prompt, reference: _FILLER * _REPEATS,
    "repetition": _repeated,
    "prompt echo": lambda prompt, reference: text_of(prompt),
    "truncation": lambda prompt, reference: reference[: len(reference) // 2],
    "Thought process:": lambda prompt, reference: _CHAIN + "every part of it.",
}

# Empty, malformed and huge answers, such as models write.
ODD = (
    "",
    " \n\t ",
    "\x00\x07\x1b[31m",
    "\ufffd\ufffd\u202e\u0000",
    "中文、日本語、한국어 und Umlaute äöüß 🙂",
    "<|im_end|><|im_start|>assistant",
    "```sql\nSELECT",
    '{"name": "x", "arguments": {',
    "[" * 5000,
    "1e999999 / 0 = NaN, -inf, 0x, ½, ∞",
    "$$\\frac{\\frac{\\frac{1}{",
    "'; DROP TABLE x; --",
    "(a+)+" * 200,
    "9" * 20_000,
    "word " * 20_000,
)
