"""The text of an upgraded document: the old text, edited at the places that a new version of the language moves.

Dumping the data anew, even by a round-trip YAML library, reflows lines, loses alignment and the comments around what is
removed; so the text is cut and moved by the places that the load phase keeps. What comes out is read again and compared
with what `modernise` gives, so a file that this cannot edit is told, never spoilt.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compiler.load import compose
from compiler.schema import API_VERSION, OLD_API_VERSION
from compiler.source import FieldPath, Mark, SourceDocument, Span
from compiler.text_edits import TextEdits
from compiler.versions import PLATEAU, ROUNDS, THRESHOLD_NAMES, Modern
from compiler.yaml_scalar import quote

PROMPT: FieldPath = ("spec", "prompt")
RENAMED: dict[FieldPath, str] = {PLATEAU: "thresholds"} | {(*PLATEAU, old): new for old, new in THRESHOLD_NAMES.items()}
_MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S*/)training-spec\.schema\.json\s*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Upgraded:
    """The text of the upgraded document, and that of the evidence document that was part of it."""

    text: str
    evidence: str | None


def upgrade_text(text: str, document: SourceDocument, modern: Modern) -> Upgraded | None:
    """The text of `document`, now as `modern`; None when no edit of the text gives just that."""
    source = TextEdits(text, document)
    source.rename(("apiVersion",), OLD_API_VERSION, API_VERSION)
    moved = _cut_prompt(source, _thresholds(modern.document)) if PROMPT in document.spans else ""
    upgraded = source.edited()
    if _data(upgraded) != modern.document.data:
        return None
    evidence = None
    for each in modern.evidence:
        assert isinstance(each.data, dict)  # noqa: S101 (made by `modernise`)
        head = _evidence_head(each.data, text)
        evidence = _with_line_ends(head + moved, source.line_end)
        if _data(evidence) != each.data:
            # the text leans on the rest of the spec, as an alias does: write the rounds out, below their comments
            comments = [f"  {line.strip()}\n" for line in moved.splitlines() if line.lstrip().startswith("#")]
            rows = [f"    - {quote(one)}\n" for one in each.data["spec"]["rounds"]]
            evidence = _with_line_ends("".join((head, *comments, "  rounds:\n", *rows)), source.line_end)
    return Upgraded(text=upgraded, evidence=evidence)


def _cut_prompt(source: TextEdits, thresholds: object) -> str:
    """Take `spec.prompt` out of the text, leave `spec.thresholds` if it is to be, and give back the rounds' text."""
    written = source.slice(PROMPT)
    if not written.startswith(("{", "*")):
        return _cut_block(source)
    key, value = source.document.spans.get(PLATEAU, (None, None))
    limits = f"thresholds: {quote(thresholds)}" if thresholds else ""
    if key is not None and value is not None:
        limits = source.part(source.range_of(key)[0], source.range_of(value)[1], _renames(source, PLATEAU))
    comment = _replace_flow(source, limits)
    has_rounds = written.startswith("{") and ROUNDS in source.document.spans
    return f"{comment}  rounds: {source.slice(ROUNDS)}\n" if has_rounds else comment


def _replace_flow(source: TextEdits, instead: str) -> str:
    """Replace `prompt: {…}` by other text; by none, with the comma or the whole line that it stood on, whose comment is
    given back.
    """
    start, _ = source.range_of(_key_span(source, PROMPT))
    _, end = source.range_of(source.document.spans[PROMPT][1])
    if instead:
        source.edit(start, end, instead)
    elif comma := re.compile(r"\s*,[^\S\r\n]*").match(source.text, end):
        source.edit(start, comma.end(), "")
    elif comma := re.search(r",\s*$", source.text[:start]):
        source.edit(comma.start(), end, "")
    else:
        first, last = _lines_of(source, PROMPT)
        source.edit(source.line_start(first), source.line_start(last), "")
        comment = re.compile(r"\s+(#.*)").match(source.text, end)
        return f"  {comment[1].rstrip()}\n" if comment else ""
    return ""


def _renames(source: TextEdits, below: FieldPath) -> list[tuple[int, int, str]]:
    """The edits that give fields at and below a path their new names."""
    edits = []
    for path, name in RENAMED.items():
        key, _ = source.document.spans.get(path, (None, None))
        if key is not None and path[: len(below)] == below:
            start, end = source.range_of(key)
            quote = source.text[start] if source.text[start] in "\"'" else ""
            edits.append((start, end, f"{quote}{name}{quote}"))
    return edits


def _cut_block(source: TextEdits) -> str:
    """As `_cut_prompt`, for a `prompt` whose fields stand on lines of their own."""
    first, last = _lines_of(source, PROMPT)
    above = _comments_above(source, first)
    fields = sorted((_key(source, path).line, path) for path in (ROUNDS, PLATEAU) if path in source.document.spans)
    chunks: dict[FieldPath, str] = {}
    begin = first + 1
    for _, path in fields:
        _, end = _lines_of(source, path)
        edits = _renames(source, path) if path == PLATEAU else []
        chunks[path] = source.part(source.line_start(begin), source.line_start(end), edits)
        begin = end
    rest = source.part(source.line_start(begin), source.line_start(last), [])
    told = _comment_of(source, first)
    if ROUNDS in chunks:
        head = source.part(source.line_start(first - above), source.line_start(first), [])
        first -= above
        column = _key(source, ROUNDS).column
        rounds = _shifted(head, 2 - _key(source, PROMPT).column) + told
        rounds += _shifted(chunks[ROUNDS] + rest, 2 - column)
    else:
        rounds = ""
    limits = ""
    if PLATEAU in chunks:
        limits = _shifted(chunks[PLATEAU], _key(source, PROMPT).column - _key(source, PLATEAU).column)
    elif first and not source.lines[first - 1].strip():
        while last < len(source.lines) and not source.lines[last].strip():
            last += 1  # of the blank lines around what is removed, those above stay
    source.edit(source.line_start(first), source.line_start(last), limits)
    return rounds


def _thresholds(document: SourceDocument) -> object:
    """What `modernise` made of the limits of a plateau."""
    data = document.data
    return data["spec"].get("thresholds") if isinstance(data, dict) else None


def _key_span(source: TextEdits, path: FieldPath) -> Span:
    key, _ = source.document.spans[path]
    assert key is not None  # noqa: S101 (paths of fields, not of list items)
    return key


def _key(source: TextEdits, path: FieldPath) -> Mark:
    """Where a field's name begins."""
    return _key_span(source, path)[0]


def _lines_of(source: TextEdits, path: FieldPath) -> tuple[int, int]:
    """The lines, end exclusive, of a field: to the next one, but for comments and blank lines that belong to that."""
    key = _key(source, path)
    starts = (
        span[0]
        for other, spans in source.document.spans.items()
        if other[: len(path)] != path
        for span in spans
        if span is not None
    )
    behind = [start.line for start in starts if (start.line, start.column) > (key.line, key.column)]
    last = min(behind, default=len(source.lines))
    for index in range(key.line + 1, last):
        if re.match(r"(\.\.\.|---)(\s|$)", source.lines[index]):
            last = index
            break
    while last > key.line + 1 and _belongs_behind(source.lines[last - 1], key.column):
        last -= 1
    return key.line, last


def _belongs_behind(line: str, column: int) -> bool:
    """Whether a line that ends a field is blank, or a comment no deeper than the field's name."""
    text = line.lstrip()
    return not text or (text.startswith("#") and len(line) - len(text) <= column)


def _comments_above(source: TextEdits, line: int) -> int:
    """How many lines straight above a field are comments about it."""
    count = 0
    while count < line and _is_comment_at(source.lines[line - count - 1], _key(source, PROMPT).column):
        count += 1
    return count


def _is_comment_at(line: str, column: int) -> bool:
    text = line.lstrip(" ")
    return text.startswith("#") and len(line) - len(text) == column


def _comment_of(source: TextEdits, line: int) -> str:
    """The comment behind the name of `prompt`, as a line of its own."""
    found = re.search(r":\s+(#.*)$", source.lines[line].rstrip())
    return f"  {found[1]}\n" if found else ""


def _shifted(text: str, by: int) -> str:
    """Lines moved to the right, or to the left as far as there are spaces."""
    if by >= 0:
        return re.sub(r"(?m)^(?=[^\r\n])", " " * by, text)
    return re.sub(rf"(?m)^ {{1,{-by}}}", "", text)


def _evidence_head(data: Mapping[str, Any], text: str) -> str:
    """An evidence document as far as its rounds; the schema is named to editors where the spec's is."""
    modeline = _MODELINE.match(text)
    lines = [f"# yaml-language-server: $schema=../{modeline[1]}evidence.schema.json"] if modeline else []
    lines += [f"apiVersion: {data['apiVersion']}", f"kind: {data['kind']}", "metadata:"]
    lines += [f"  {name}: {quote(value) if name != 'date' else value}" for name, value in data["metadata"].items()]
    lines += ["spec:", f"  metric: {quote(data['spec']['metric'])}"]
    return "\n".join(lines) + "\n"


def _with_line_ends(text: str, line_end: str) -> str:
    """The text with one kind of line end, also behind its last line."""
    return line_end.join(text.splitlines()) + line_end


def _data(text: str) -> object:
    """The data of a text; of a text that cannot be read, something that equals no data."""
    composed = compose(text, "")
    return composed.value.data if composed.value is not None and composed.ok else composed
