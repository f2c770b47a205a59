"""Credentials are kept out of what a stage tells: events, the termination message, and stderr, which is the pod's log.

Known by the shapes that keys and tokens have (the table of `compiler/credentials.py`), and by the values of variables
that a Job gets from Secrets.
"""

import os
import re
import sys
from dataclasses import dataclass
from functools import cache
from io import TextIOWrapper
from typing import Any

_KEPT = 3  # characters that say which credential it is, and nothing of its secret: `hf_`, `ghp`
_SECRET_VARIABLE = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)$")
_SHORTEST = 8  # a shorter value is no secret, and may be part of any word


@dataclass(frozen=True, slots=True)
class Shape:
    """What a credential is called, texts of which one is in every such credential, and its pattern.

    Patterns are bounded or linear, since they are searched in texts that anybody may have written.
    """

    name: str
    hints: tuple[str, ...]
    pattern: str


SHAPES = (
    Shape("a Hugging Face token", ("hf_",), r"\bhf_[A-Za-z0-9]{30,}"),
    Shape("an AWS access key", ("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    Shape(
        "a GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
    ),
    Shape("a GitLab token", ("glpat-",), r"\bglpat-[A-Za-z0-9_-]{20,}"),
    Shape("a Slack token", ("xox",), r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    Shape("a Google API key", ("AIza",), r"\bAIza[A-Za-z0-9_-]{35}"),
    # OpenAI's, Anthropic's and those of servers that took the form over; a run of 20 tells them from names
    Shape("an API key", ("sk-",), r"\bsk-(?:[A-Za-z0-9]{1,20}-){0,3}[A-Za-z0-9_]{20,}[A-Za-z0-9_-]*"),
    # the bearer tokens of service accounts and of most sign-ins
    Shape("a bearer token", ("eyJ",), r"(?<![\w-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    Shape(
        "a private key",
        ("PRIVATE KEY-----", "PRIVATE KEY BLOCK-----"),
        r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[^-]*-----END [A-Z0-9 ]{1,80}-----)?",
    ),
    # the same in base64, as a kubeconfig has it: BEGIN, then nothing, RSA, EC, OPENSSH or ENCRYPTED
    Shape(
        "a private key",
        ("LS0tLS1CRUdJTi",),
        r"LS0tLS1CRUdJTi(?:BQUklWQVRFIEtFW|BSU0EgUFJJVkFURSBLRV|BFQyBQUklWQVRFIEtFW|BPUEVOU1NIIFBSSVZBVEUgS0VZ|"
        r"BFTkNSWVBURUQgUFJJVkFURSBLRV)[A-Za-z0-9+/=]*",
    ),
    Shape("a password in an address", ("://",), r"://[^\s/:@\"'`]{1,64}:[^\s/@\"'`]{3,256}@"),
)


def masked(text: str) -> str:
    """Return the text with asterisks for all but the first characters of each credential in it."""
    for value in _values():
        text = text.replace(value, "***")
    for shape in SHAPES:
        if any(hint in text for hint in shape.hints):
            text = _compiled(shape.pattern).sub(lambda found: f"{found[0][:_KEPT]}***", text)
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


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


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
