"""The shapes that keys and tokens are known by.

The compiler refuses credentials in a spec; the runtime keeps them out of logs and messages.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

KEPT = 3  # characters that say which credential it is, and nothing of its secret: `hf_`, `ghp`


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


@dataclass(frozen=True, slots=True)
class Found:
    """A credential in a text: what it is called, and where it begins and ends."""

    name: str
    start: int
    end: int


def credentials_in(text: str) -> Iterator[Found]:
    """Every credential that the text seems to hold, shape by shape."""
    for shape in SHAPES:
        if any(hint in text for hint in shape.hints):
            for match in pattern_of(shape).finditer(text):
                yield Found(shape.name, *match.span())


@cache
def pattern_of(shape: Shape) -> re.Pattern[str]:
    """Return the compiled pattern of a shape."""
    return re.compile(shape.pattern)
