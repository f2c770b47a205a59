"""Chains of thought in answers: a chain, the marker, and the final answer."""

INSTRUCTION = "Work it out step by step. End with `{marker}` and then the answer alone, without any other word."


def asked_for_chain(prompt: str | list[dict[str, str]], marker: str) -> str | list[dict[str, str]]:
    """Return `prompt` with a request for a chain at the end of its last turn.

    Written rows keep the bare prompt.
    """
    request = INSTRUCTION.format(marker=marker)
    if isinstance(prompt, str):
        return f"{prompt}\n\n{request}"
    last = prompt[-1]
    return [*prompt[:-1], {**last, "content": f"{last['content']}\n\n{request}"}]


def split_chain(text: str, marker: str) -> tuple[str, str] | None:
    """Return the chain before the last marker and the answer after it; None if either is missing."""
    chain, found, answer = text.rpartition(marker)
    chain, answer = chain.strip(), answer.strip()
    return (chain, answer) if found and chain and answer else None
