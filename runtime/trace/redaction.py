"""Remove what must not leave the process: by names of fields, by patterns, and by a function of the application."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

MASK = "[redacted]"
# last words of the names of fields that hold credentials
SECRET_FIELDS = (
    "password",
    "passwd",
    "secret",
    "api_key",
    "private_key",
    "access_token",
    "refresh_token",
    "auth_token",
    "authorization",
    "cookie",
)
# forms of credentials, each with text that every match contains; all are bounded or linear
SECRETS = (
    (r"\bsk-(?:[A-Za-z0-9]{1,20}-){0,3}[A-Za-z0-9_]{20,}[A-Za-z0-9_-]*", ("sk-",)),
    (r"\b(?:hf_[A-Za-z0-9]{30,}|glpat-[A-Za-z0-9_-]{20,}|AIza[A-Za-z0-9_-]{35})", ("hf_", "glpat-", "AIza")),
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", ("AKIA", "ASIA")),
    (r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_")),
    (r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}", ("xox",)),
    (r"(?<![\w-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}", ("eyJ",)),
    (r"-----BEGIN [A-Z0-9 ]{0,60}PRIVATE KEY(?: BLOCK)?-----(?:[^-]*-----END [A-Z0-9 ]{1,80}-----)?", ("PRIVATE KEY",)),
    (r"(?<=://)[^\s/:@\"'`]{1,64}:[^\s/@\"'`]{3,256}(?=@)", ("://",)),
    (r"(?i)\bbearer [A-Za-z0-9._~+/=-]{16,}", ("earer ", "EARER ")),
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W_A-Z]+")


class Redactor:
    """Masks fields and texts of plain data.

    `fields` are names whose values are masked, wherever such words end the name of a field, in any case and with any
    separator (`api_key` also masks `openaiApiKey`). `patterns` are regular expressions whose matches are masked.
    `function` receives each remaining text and returns what may be stored; where it raises, the whole text is masked.
    Raises `re.error` or `TypeError` for what is no pattern.
    """

    def __init__(
        self, fields: Iterable[str], patterns: Iterable[str], function: Callable[[str], str] | None = None
    ) -> None:
        if isinstance(fields, str) or isinstance(patterns, str):
            raise TypeError("fields and patterns are lists of texts")
        names = {"".join(_words(name)) for name in (*SECRET_FIELDS, *fields)}
        self._own = tuple(re.compile(pattern) for pattern in patterns)
        self._known = tuple((re.compile(pattern), hints) for pattern, hints in SECRETS)
        self._function = function

        @lru_cache(maxsize=4096)
        def masked(name: str) -> bool:
            words = _words(name)
            return any("".join(words[start:]) in names for start in range(len(words)))

        self.masked = masked

    def stored(self, text: str) -> tuple[str, str]:
        """Return what may be stored of a text, and why it differs; an empty reason where it does not."""
        made, reason = text, ""
        for pattern, hints in self._known:
            if any(hint in made for hint in hints):
                made = pattern.sub(MASK, made)
        for pattern in self._own:
            made = pattern.sub(MASK, made)
        if made != text:
            reason = "pattern"
        if self._function is not None:
            try:
                kept = self._function(made)
                if not isinstance(kept, str):
                    raise TypeError(type(kept).__name__)
            except Exception as error:
                return MASK, f"the redactor raised {type(error).__name__}"
            made, reason = kept, reason or ("function" if kept != made else "")
        return made, reason


class Redaction:
    """The redaction of one trace. Conversations repeat their texts in each step, so each text is read once."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor, self._masked = redactor, redactor.masked
        self._texts: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self.found: dict[str, None] = {}

    def value(self, value: Any) -> Any:
        """Return plain data without what is masked; the reasons are added to `found`."""
        if type(value) is str:
            return self._text(value)
        if type(value) is dict:
            return self._fields(value)
        if type(value) is list:
            return [self._fields(each) if type(each) is dict else self.value(each) for each in value]
        return value

    def _fields(self, value: dict[str, Any]) -> dict[str, Any]:
        texts, plain = self._texts, not self._reasons
        made: dict[str, Any] = {}
        for key, inner in value.items():
            name = texts.get(key) if plain else None
            if name is None:
                name = self._text(key)
            if name in made:
                name = f"{name}#{len(made)}"
            if self._masked(key):
                self.found[f"field `{name}`"] = None
                made[name] = MASK
            elif type(inner) is not str:
                made[name] = inner if inner is None else self.value(inner)
            else:
                kept = texts.get(inner) if plain else None
                made[name] = self._text(inner) if kept is None else kept
        return made

    def _text(self, text: str) -> str:
        made = self._texts.get(text)
        if made is None:
            made, reason = self._redactor.stored(text)
            self._texts[text] = made
            if reason:
                self._reasons[text] = reason
        if self._reasons and text in self._reasons:
            self.found[self._reasons[text]] = None
        return made


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]
