"""Damage: to documents as data, to their scalars, and to the bytes of files."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import yaml
from hypothesis import strategies as st

Path = tuple[str | int, ...]

# one of each kind of text that a reader, a template, a terminal or a review could trip over
HOSTILE: tuple[object, ...] = (
    *("no", "on", "y", "Null", "~", "1e5", "0o17", "0x1F", "12:30:00", "2026-11-22", ".nan", ".inf", "-.INF", "1_000"),
    *(float("nan"), float("inf"), 10**30, 10**400, -1, 0, 1e308, 5e-324, True, None, [], {}, [[]], ""),
    *("\u202eright to left\u202c", "שלום", "中文　全角", "👩‍👩‍👧‍👦", "e\u0301", "\u2028", "\u0085", "\ufeff", "\uffff", "\ue0000\ue000"),
    *("\ud800", "\udfff", "\x00", "\x07", "\x1b[31mred\x1b[0m", "\x7f", "\x9b", "a\tb", "a\nb", "a\r\nb", " a ", "a\n"),
    *("{{ 7 * 7 }}", "{% for x in y %}", "${HOME}", "$(id)", "%s%n", "'", '"', "''", '"\'', "\\", "\\n", "#", "# a", "a # b"),
    *("---", "...", "- a", "a: b", "*x", "&x y", "!!python/object/apply:os.system [id]", "!x", "|", ">", "@a", "`", "%a", "<<"),
    *("```", "``````", "~~~", "# Heading", "| a | b |", "</details>", "<!--", "-->", "[a](javascript:b)", "a|b", "==="),
    *('"]; click s0 "x"', "::error::x", "%0A::error::x", "../../etc/passwd", "/etc/passwd", "data/../../x", "a" * 3000, "中" * 500),
)  # fmt: skip

scalars = st.sampled_from(HOSTILE).map(deepcopy) | st.text(max_size=8) | st.integers() | st.floats()
wrong = st.sampled_from(
    [None, "", "text", 0, -1, 2.5, 1e308, True, [], {}, ["a"], {"a": 1}, [{"name": "a"}], [None]]
).map(deepcopy)


def paths_of(value: object, at: Path = ()) -> Iterator[Path]:
    """Return the paths of all parts of a document, the document itself first."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths_of(inner, (*at, key))


@st.composite
def structures(draw: st.DrawFn, document: Any) -> Any:
    """The document with up to three fields dropped, renamed, repeated, moved or of another type."""
    data = deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        paths = [path for path in paths_of(data) if path]
        if not paths:
            break
        *outer, last = draw(st.sampled_from(paths))
        holder = data
        for step in outer:
            holder = holder[step]
        what = draw(st.sampled_from(["drop", "rename", "repeat", "wrong", "wrong", "move", "swap"]))
        value = holder.pop(last)
        match what, holder:
            case ("drop", _):
                pass
            case ("rename", dict()):
                holder[draw(st.sampled_from([last[:-1], last + "s", last.upper(), last + last, "中" + last]))] = value
            case ("repeat", list()):
                holder[last:last] = [value, value]
            case ("swap", dict()):
                holder[draw(st.sampled_from(sorted(holder) or ["x"]))] = value
            case ("move", _):
                data[draw(st.sampled_from(["spec", "metadata", "kind", "x"]))] = value
            case (_, list()):
                holder.insert(last, draw(wrong))
            case _:
                holder[last] = draw(wrong)
    return data


@st.composite
def hostile_values(draw: st.DrawFn, document: Any) -> Any:
    """The document with up to four scalars, or keys, that are hostile."""
    data = deepcopy(document)
    for _ in range(draw(st.integers(1, 4))):
        paths = [path for path in paths_of(data) if path]
        *outer, last = draw(st.sampled_from(paths))
        holder = data
        for step in outer:
            holder = holder[step]
        value = draw(scalars)
        if isinstance(holder, dict) and draw(st.integers(0, 5)) == 0:
            holder[str(value)] = holder.pop(last)
        else:
            holder[last] = value
    return data


def written(data: object, style: str) -> bytes:
    """A document as YAML: in blocks, in one line, or as JSON, which is YAML too. Lone surrogates stay as they are."""
    if style in ("block", "flow"):
        try:
            text = yaml.dump(
                data, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, default_flow_style=style == "flow"
            )
            return str(text).encode("utf-8", "surrogatepass")
        except (UnicodeEncodeError, yaml.YAMLError):
            pass
    return json.dumps(data, ensure_ascii=style == "escaped", indent=1).encode("utf-8", "surrogatepass")


styles = st.sampled_from(["block", "block", "flow", "json", "escaped"])

INSERTS = [
    *(b"\t", b"\r", b"\r\n", b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xc2\x85", b"\x1b[2J"),
    *(b"&a ", b"*a", b"<<: ", b"!!python/object/new:os.system ", b"!x ", b"? ", b": ", b"- ", b"[", b"]", b"{", b"}", b",", b"#"),
    *(b"|\n", b">-\n", b"'", b'"', b"%YAML 9.9\n---\n", b"---\n", b"...\n", b"\n", b"    ", b"1e400", b"\\", "中".encode()),
]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, raw: bytes) -> bytes:
    """The bytes of a file, damaged in up to four places."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw)))
        match draw(st.sampled_from(["cut", "end", "flip", "insert", "insert", "insert", "twice", "whole"])):
            case "cut":
                raw = raw[:at] + raw[at + draw(st.integers(1, 60)) :]
            case "end":
                raw = raw[:at]
            case "flip":
                raw = raw[:at] + bytes([draw(st.integers(0, 255))]) + raw[at + 1 :]
            case "insert":
                raw = raw[:at] + draw(st.sampled_from(INSERTS)) + raw[at:]
            case "twice":
                line = raw.rfind(b"\n", 0, at) + 1
                end = raw.find(b"\n", at) + 1 or len(raw)
                raw = raw[:end] + raw[line:end] + raw[end:]
            case "whole":
                raw = draw(st.sampled_from(WHOLE))(raw)
    return raw


WHOLE = [
    lambda raw: raw.replace(b"\n", b"\r\n"),
    lambda raw: raw.replace(b"\n", b"\r"),
    lambda raw: raw.replace(b"  ", b"\t"),
    lambda raw: b"\xef\xbb\xbf" + raw,
    lambda raw: raw.decode("utf-8", "replace").encode("utf-16"),
    lambda raw: raw.decode("utf-8", "replace").encode("gb18030"),
    lambda raw: b"---\n" + raw + b"...\n",
    lambda raw: raw + b"---\n" + raw,
    lambda raw: b"",
]
