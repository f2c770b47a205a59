"""Masking of credentials in text, before it reaches a committed file or a message."""

from runtime.contract.credentials import KEPT, credentials_in


def masked(text: str) -> str:
    """Return the text, of equal length, with asterisks for all but the first characters of each credential."""
    for found in credentials_in(text):
        start = found.start + KEPT
        text = text[:start] + "*" * (found.end - start) + text[found.end :]
    return text
