"""Credentials in a text are masked before it reaches a file that is committed, or a message."""

from runtime.contract.credentials import KEPT, credentials_in


def masked(text: str) -> str:
    """The text, as long as it was, with asterisks for all but the first characters of each credential in it."""
    for found in credentials_in(text):
        start = found.start + KEPT
        text = text[:start] + "*" * (found.end - start) + text[found.end :]
    return text
