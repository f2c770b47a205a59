"""Credentials are kept out of what a stage tells: events, the termination message, and stderr, which is the pod's log.

Known by the shapes that keys and tokens have (`runtime/contract/credentials.py`), and by the values of variables that a
Job gets from Secrets.
"""

import os
import re
import sys
from functools import cache
from io import TextIOWrapper
from typing import Any

from runtime.contract.credentials import KEPT, SHAPES, pattern_of

_SECRET_VARIABLE = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)$")
_SHORTEST = 8  # a shorter value is no secret, and may be part of any word


def masked(text: str) -> str:
    """Return the text with asterisks for all but the first characters of each credential in it."""
    for value in _values():
        text = text.replace(value, "***")
    for shape in SHAPES:
        if any(hint in text for hint in shape.hints):
            text = pattern_of(shape).sub(lambda found: f"{found[0][:KEPT]}***", text)
    return text


def masked_fields(value: Any) -> Any:
    """Return data for JSON with every text in it masked; in JSON, the `n` of a line break would hide a token."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: masked_fields(inner) for name, inner in value.items()}
    return [masked_fields(inner) for inner in value] if isinstance(value, (list, tuple)) else value


@cache
def _values() -> tuple[str, ...]:
    """Secrets of this process's environment, longer ones first, as one may be part of another."""
    named = {value for name, value in os.environ.items() if _SECRET_VARIABLE.search(name) and len(value) >= _SHORTEST}
    return tuple(sorted(named, key=lambda value: (-len(value), value)))


class _MaskedStream(TextIOWrapper):
    """A text stream without credentials, whoever writes to it: a library, a warning, a traceback."""

    def write(self, text: str) -> int:
        super().write(masked(text))
        return len(text)


def mask_stderr() -> None:
    """Keep credentials out of what Python code writes to stderr from here on."""
    sys.stderr = _MaskedStream(
        sys.stderr.buffer, encoding=sys.stderr.encoding, errors="backslashreplace", line_buffering=True
    )
