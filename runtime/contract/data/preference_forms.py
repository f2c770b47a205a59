"""Pairs of answers with an explicit prompt or an implicit one, which both answers repeat, as TRL documents them."""

from typing import Any

from runtime.contract.data.faults import Fault, RefusedError
from runtime.contract.data.sharegpt import Turn

Answer = str | list[Turn]
_HINT = "write the shared turns in `prompt`, and one turn of the `assistant` each in `chosen` and `rejected`"


def with_prompt(prompt: Any, chosen: Answer, rejected: Answer) -> tuple[Any, Answer, Answer]:
    """Return the prompt and the two answers without it; a pair of text and turns, or of other values, stays as it is.

    `prompt` is None if the row has none. RefusedError of kind `pair` if the answers have no common prompt.
    """
    if isinstance(chosen, str) and isinstance(rejected, str):
        if prompt is None:
            return _split(chosen, rejected)
        if isinstance(prompt, list):
            return prompt, [_answer(chosen)], [_answer(rejected)]
        return prompt, chosen, rejected
    if not (isinstance(chosen, list) and isinstance(rejected, list)):
        return prompt, chosen, rejected
    if isinstance(prompt, list) and prompt == chosen[: len(prompt)] == rejected[: len(prompt)]:
        return prompt, _last(chosen[len(prompt) :]), _last(rejected[len(prompt) :])
    if len(chosen) == len(rejected) == 1:
        return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt, chosen, rejected
    shared, one, other = _split(chosen, rejected)
    if prompt is not None and not _repeats(shared, prompt):
        raise _refused("`chosen` and `rejected` do not begin with `prompt`")
    return shared, _last(one), _last(other)


def _split(chosen: Any, rejected: Any) -> tuple[Any, Any, Any]:
    """Return what two answers begin with, and the rest of each.

    As in TRL's `extract_prompt`: the space between two texts belongs to the answer, and of equal answers the last turn
    or letter does.
    """
    shorter = min(len(chosen), len(rejected))
    at = next((at for at in range(shorter) if chosen[at] != rejected[at]), shorter - 1)
    if at > 0 and chosen[at] != rejected[at] and chosen[at - 1] == " ":
        at -= 1
    if at <= 0 or (isinstance(chosen, str) and _is_inside_word(chosen, at)):
        raise _refused("`chosen` and `rejected` answer different prompts")
    return chosen[:at], chosen[at:], rejected[at:]


def _is_inside_word(text: str, at: int) -> bool:
    """Return whether a text is cut inside a word of letters that are written without spaces between them."""
    return all(letter.isascii() and letter.isalnum() for letter in text[at - 1 : at + 1]) and at < len(text)


def _repeats(shared: list[Turn], prompt: Any) -> bool:
    """Return whether the shared turns repeat a prompt, which is turns or the text of a question among them."""
    if isinstance(prompt, str):
        return any(turn["role"] == "user" and turn.get("content", "").strip() == prompt.strip() for turn in shared)
    asked = [turn for turn in shared if turn["role"] != "system"]
    return bool(prompt == asked)


def _last(answer: list[Turn]) -> list[Turn]:
    if len(answer) == 1:
        return answer
    raise _refused("`chosen` and `rejected` differ in more than their last turn")


def _answer(text: str) -> Turn:
    return {"role": "assistant", "content": text}


def _refused(problem: str) -> RefusedError:
    return RefusedError(Fault("", problem, hint=_HINT), kind="pair")
