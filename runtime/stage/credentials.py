"""Masking of credentials in a stage's events, termination message and stderr, the pod's log.

It recognises the patterns of keys and tokens (`runtime/contract/credentials.py`), and the values of environment
variables that a Job gets from Secrets.
"""

import os
import re
import sys
from functools import cache
from io import TextIOWrapper
from typing import Any

from runtime.contract.credentials import KEPT, SHAPES, pattern_of

_SECRET_VARIABLE = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)$")
_SHORTEST = 8  # a shorter value is not a secret, and may be part of any word


def masked(text: str) -> str:
    """Return the text with `***` for each credential, after the first characters that identify its kind."""
    for value in _values():
        text = text.replace(value, "***")
    for shape in SHAPES:
        if any(hint in text for hint in shape.hints):
            text = pattern_of(shape).sub(lambda found: f"{found[0][:KEPT]}***", text)
    return text


def masked_fields(value: Any) -> Any:
    """Return data for JSON with every string masked.

    Encoded JSON is too late: the `n` of an escaped line break hides the start of a token.
    """
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: masked_fields(inner) for name, inner in value.items()}
    return [masked_fields(inner) for inner in value] if isinstance(value, (list, tuple)) else value


@cache
def _values() -> tuple[str, ...]:
    """Return the secrets in the environment, longer ones first, as one may be part of another."""
    named = {value for name, value in os.environ.items() if _SECRET_VARIABLE.search(name) and len(value) >= _SHORTEST}
    return tuple(sorted(named, key=lambda value: (-len(value), value)))


class _MaskedStream(TextIOWrapper):
    """A text stream that masks credentials in the output of libraries, warnings and tracebacks."""

    def write(self, text: str) -> int:
        super().write(masked(text))
        return len(text)


def mask_stderr() -> None:
    """Mask credentials in everything that Python code writes to stderr from now on."""
    sys.stderr = _MaskedStream(
        sys.stderr.buffer, encoding=sys.stderr.encoding, errors="backslashreplace", line_buffering=True
    )
