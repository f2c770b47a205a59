"""Load phase: read one YAML file as a `SourceDocument`, and report all problems of its text."""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from compiler.diagnostics import Diagnostic, Location, Outcome, diagnostic
from compiler.spec.dependencies import Reads
from compiler.spec.files import open_file, reason
from compiler.spec.yaml.compose import Composer, TooMuchError
from compiler.spec.yaml.document import Mark, SourceDocument, place_of
from runtime.contract.digests import content_digest, with_lf
from runtime.contract.foreign import foreign

MAX_BYTES = 1 << 20
MAX_DIRECTIVES = 100

_WIDE_COLON = re.compile(r"\s*(- )?[A-Za-z][A-Za-z0-9_]*：")


def read_text(path: Path, shown: str, reads: Reads | None = None) -> Outcome[str]:
    """Read a text of at most `MAX_BYTES`: UTF-8 without NUL, with LF for CRLF and no byte order mark."""
    try:
        with open_file(path) as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return _failed("YML001", f"cannot read the file: {reason(error)}", shown)
    if len(raw) > MAX_BYTES:
        return _failed("YML005", f"the file is larger than {MAX_BYTES:,} bytes", shown)
    if found := foreign(raw):
        return _failed("CHK237", f"the file is {found.what}", shown, hint=found.hint)
    if reads is not None:
        reads.file(path, content_digest(raw))
    try:
        text = with_lf(raw).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _failed("YML002", f"byte {error.start} is not UTF-8", shown)
    if "\0" in text:
        return _failed("YML002", f"character {text.index(chr(0))} is NUL", shown)
    return Outcome(value=text)


def load(path: Path, shown: str, reads: Reads | None = None) -> Outcome[SourceDocument]:
    """Load the YAML file at `path`, shown to people as `shown`, and note it in `reads`."""
    text = read_text(path, shown, reads)
    return Outcome(value=None, diagnostics=text.diagnostics) if text.value is None else _recent(text.value, shown)


def compose(text: str, shown: str) -> Outcome[SourceDocument]:
    """Compose one YAML document from its text, and report all its problems."""
    if text.count("%TAG") > MAX_DIRECTIVES:  # the parser compares each with all before it
        return _failed("YML006", "tag directives are not allowed in specs", shown)
    composer = Composer(text, shown)
    try:
        composer.compose(CParser(text))
    except TooMuchError as error:
        failed = _failed("YML005", str(error), shown, line=error.line).diagnostics
        return Outcome(value=None, diagnostics=(*composer.found, *failed))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return Outcome(value=None, diagnostics=(*composer.found, _syntax_error(error, mark, composer)))
    except YAMLError as error:
        return _failed("YML003", f"cannot read the text as YAML: {_first_line(str(error))}", shown)
    if composer.documents == 0:
        found = diagnostic("YML007", "the file has no document", Location(path=shown), hint="begin with `apiVersion:`")
        return Outcome(value=None, diagnostics=(found,))
    if composer.documents != 1 or not composer.spans:
        return _failed("YML007", f"expected one document, found {composer.documents}", shown)
    document = SourceDocument(
        path=shown,
        sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        lines=composer.lines,
        data=composer.root,
        spans=composer.spans,
    )
    return Outcome(value=document, diagnostics=tuple(composer.found))


# many specs that are compiled in a row share a cluster profile
_recent = lru_cache(maxsize=8)(compose)


def _syntax_error(error: MarkedYAMLError, mark: Mark | None, composer: Composer) -> Diagnostic:
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    wide = _full_width_colon(composer.lines, line)
    if wide is not None:
        where = place_of(composer.shown, composer.lines, *wide, wide[0], wide[1] + 1)
        return diagnostic("YML003", "`：` is a full-width colon", where, hint="write `:` and a space after the key")
    where = place_of(composer.shown, composer.lines, line, column, line, column + 1)
    context = f" ({_first_line(str(error.context))})" if error.context else ""
    hint = "indent with spaces" if where.text.startswith("\t") else "check indentation, colons and quotes around here"
    return diagnostic("YML003", f"{_first_line(str(error.problem))}{context}", where, hint=hint)


def _full_width_colon(lines: Sequence[str], until: int) -> tuple[int, int] | None:
    """Return the place of the last full-width colon after a key, up to line `until`.

    It is a frequent typo of Chinese input.
    """
    found = [(line, _WIDE_COLON.match(text)) for line, text in enumerate(lines[: until + 1]) if "：" in text]
    places = [(line, match.end() - 1) for line, match in found if match]
    return places[-1] if places else None


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0]


def _failed(code: str, message: str, shown: str, *, line: int = 0, hint: str = "") -> Outcome[Any]:
    where = Location(path=shown, line=line, column=min(line, 1), end_column=2 * min(line, 1))
    return Outcome(value=None, diagnostics=(diagnostic(code, message, where, hint=hint),))
