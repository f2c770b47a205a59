"""The question of a badcase as the model was asked it: with what the other components found, without the prompt.

A model that is trained on bare queries learns to invent what a tool or a retriever told it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from compiler.run.triage.content import text_of
from runtime.contract.prompt_files import SLOT, example_turns
from runtime.contract.traces import Step, Trace

Turns = list[dict[str, str]]

_TURNS_OF = ("messages", "input", "prompt")  # keys under which calls of models keep their turns


def asked(trace: Trace, prompt: str = "") -> str | Turns:
    """Return the query in the words that the model read, as turns where it read turns; else the query as it came.

    `prompt` is the text of `spec.prompt`, which every phase adds again. The model's words count only where they hold
    the query, so that nothing of another step or of a rewritten prompt becomes the question.
    """
    if _is_turns(trace.query):
        whole: Turns = trace.query
        return whole
    text = text_of(trace.query)
    call = _last_call(trace)
    if call is None or not text.strip():
        return text
    turns = _turns(call.input)
    words = next((words for role, words in reversed(turns) if role == "user"), "") if turns else text_of(call.input)
    question = _without(words, prompt)
    if text.strip() not in question:
        question = text
    return [{"role": "user", "content": question}] if turns else question


def _last_call(trace: Trace) -> Step | None:
    """Return the call of a model that gave the answer, else the last one that did not fail."""
    calls = [each for each in trace.steps if each.kind == "model" and each.error is None]
    answer = text_of(trace.answer).strip()
    gave = [each for each in calls if answer and text_of(each.output).strip() == answer]
    return next(reversed(gave or calls), None)


def _turns(value: Any) -> list[tuple[str, str]]:
    """Return role and text of each turn of a call's input; empty if it holds no turns."""
    if isinstance(value, Mapping):
        value = next((value[key] for key in _TURNS_OF if isinstance(value.get(key), list)), None)
    if not _is_turns(value):
        return []
    return [(str(each["role"]), "\n".join(_texts(each.get("content", each.get("parts"))))) for each in value]


def _is_turns(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, Mapping) and "role" in each for each in value)


def _texts(content: Any) -> Iterator[str]:
    """Yield the texts of a turn: its content, or the text parts of it."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for part in content:
            found = part.get("text", part.get("content")) if isinstance(part, Mapping) else part
            if isinstance(found, str):
                yield found


def _without(words: str, prompt: str) -> str:
    """Return what the model read without the prompt around it; as it is where the prompt is not around it."""
    head, _ = example_turns(prompt)
    before, slot, after = head.partition(SLOT)
    words = words.strip()
    if not slot:
        return words.removeprefix(head).strip() if head else words
    if words.startswith(before.strip()) and words.endswith(after.strip()):
        return words.removeprefix(before.strip()).removesuffix(after.strip()).strip()
    return words
