"""Patterns of keys and tokens.

The compiler rejects credentials in a spec; the runtime keeps them out of logs and messages.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

KEPT = 3  # leading characters that identify the kind of credential but reveal nothing secret: `hf_`, `ghp`


@dataclass(frozen=True, slots=True)
class Shape:
    """The name and pattern of a kind of credential; each match contains one of its `hints`.

    Patterns are bounded or linear, because they run on untrusted text.
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
    # OpenAI, Anthropic, and servers that adopted the form; a run of 20 characters distinguishes keys from names
    Shape("an API key", ("sk-",), r"\bsk-(?:[A-Za-z0-9]{1,20}-){0,3}[A-Za-z0-9_]{20,}[A-Za-z0-9_-]*"),
    # JSON Web Tokens: service accounts, and most sign-ins
    Shape("a bearer token", ("eyJ",), r"(?<![\w-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    Shape(
        "a private key",
        ("PRIVATE KEY-----", "PRIVATE KEY BLOCK-----"),
        r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[^-]*-----END [A-Z0-9 ]{1,80}-----)?",
    ),
    # the same in base64, as in a kubeconfig: BEGIN, then nothing, RSA, EC, OPENSSH or ENCRYPTED
    Shape(
        "a private key",
        ("LS0tLS1CRUdJTi",),
        r"LS0tLS1CRUdJTi(?:BQUklWQVRFIEtFW|BSU0EgUFJJVkFURSBLRV|BFQyBQUklWQVRFIEtFW|BPUEVOU1NIIFBSSVZBVEUgS0VZ|"
        r"BFTkNSWVBURUQgUFJJVkFURSBLRV)[A-Za-z0-9+/=]*",
    ),
    Shape("a password in an address", ("://",), r"://[^\s/:@\"'`]{1,64}:[^\s/@\"'`]{3,256}@"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A credential in a text: the name of its kind, and its start and end."""

    name: str
    start: int
    end: int


def credentials_in(text: str) -> Iterator[Found]:
    """Yield the likely credentials in `text`, shape by shape."""
    for shape in SHAPES:
        if any(hint in text for hint in shape.hints):
            for match in pattern_of(shape).finditer(text):
                yield Found(shape.name, *match.span())


@cache
def pattern_of(shape: Shape) -> re.Pattern[str]:
    """Return the compiled pattern of a shape."""
    return re.compile(shape.pattern)
