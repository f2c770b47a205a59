"""The text of an answer that metrics and rewards compare."""


def without_thoughts(text: str) -> str:
    """Return the text after a reasoning model's thoughts, `<think>…</think>`; empty if they do not end.

    Templates of such models (Qwen3, DeepSeek-R1) write an empty block before answers without thoughts.
    """
    _, ended, answer = text.rpartition("</think>")
    return "" if not ended and text.lstrip().startswith("<think>") else answer


def final_answer(text: str, marker: str | None) -> str:
    """Return the text after the last `marker`, or all of it without one, stripped and without thoughts."""
    answer = without_thoughts(text)
    return (answer.rsplit(marker, 1)[-1] if marker else answer).strip()


def same_text(reference: str, answer: str) -> bool:
    """Return whether two texts are equal except for white space."""
    return answer.split() == reference.split()
