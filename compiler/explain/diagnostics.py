"""What is said of a code at length: by `trainspec explain CODE`, and in `docs/diagnostics.md`."""

from textwrap import dedent, fill

from compiler.diagnostics.codes import CODES
from compiler.diagnostics.credentials import masked
from compiler.diagnostics.examples import EXAMPLES, Example, Situation
from compiler.diagnostics.examples.example import CHECK
from compiler.diagnostics.examples.project import PROBE, PROFILE, ROUNDS, SPEC

MAX_LINES = 6

FAMILIES = {
    "YML": "The text is not YAML that can be read",
    "SPC": "The document does not follow the schema",
    "CHK": "The spec is well-formed, but does not make sense",
    "SEL": "What the selection rules have to tell",
    "PLN": "The plan cannot be made, or not as asked",
    "RND": "Rendering, and what is on disk",
    "CLU": "The cluster that plans are applied to",
    "RUN": "A stage, and the local executor",
}

FORMATS = """\
## Formats

`--format` of `trainspec check` and `trainspec compile` says how diagnostics are written to stderr; nothing else is
written there, so `2> file` keeps a document. Lines and columns count from 1, columns in code points.

| format | for | what |
|---|---|---|
| `text` | people | the source line, a caret under the place, a hint |
| `concise` | editors, grep | `path:line:col: severity[CODE] message (hint)`, a line each |
| `json` | programs | one document, described below, also when there is nothing to tell |
| `sarif` | code hosts | SARIF 2.1.0; paths are relative to `%SRCROOT%`, the folder that trainspec was called in |
| `github` | GitHub Actions | workflow commands, which the log shows as annotations of the changed files |

The JSON document: `schema` is `trainspec.dev/diagnostics/v1` as long as no field is removed or changes its meaning;
`tool` holds `name` and `version`; `summary` counts `errors` and `warnings`; `diagnostics` is a list, by place, of

| field | what |
|---|---|
| `code`, `severity`, `title` | the code, `error` or `warning`, and the code's title |
| `message`, `hint` | what is wrong, and what to do about it |
| `location.path` | the file, as it was named on the command line or found below it |
| `location.line`, `.column` | where it begins; null when the whole file is meant |
| `location.end_line`, `.end_column` | where it ends; the end column is exclusive |
"""


def explain(name: str) -> str:
    """A code for a terminal: what it means, why it matters, what to do, and an example."""
    row = CODES[name]
    parts = [f"{name} ({row.severity}): {row.title}", fill(row.why, 100), f"What to do: {fill(row.fix, 100)}"]
    match EXAMPLES.get(name):
        case Situation(bad, good):
            parts += [f"When: {fill(bad, 100)}", f"Then: {fill(good, 100)}"]
        case Example() as example:
            parts += [f"{title}{where}:\n\n{_indented(text)}" for title, where, text in _ways(example, quoted=False)]
        case None:
            pass
    return "\n\n".join(parts)


def page() -> str:
    """`docs/diagnostics.md`: every code, by family, with its example."""
    parts = [
        "# Diagnostics",
        "Generated from the table of codes: change `compiler/diagnostics/`, then run `python -m compiler.explain.docs`.",
        "An error stops the pipeline after its phase, so that all errors of a phase are told at once; a warning does not. "
        "Codes are never reused. `trainspec explain CODE` prints what is said here.",
        FORMATS.rstrip(),
    ]
    for family, title in FAMILIES.items():
        parts.append(f"## {family}: {title}")
        parts += [_section(name) for name in sorted(CODES) if name.startswith(family)]
    parts += [
        "## The project of the examples",
        "The examples change one small project, which compiles without a word. `specs/shop/spec.yaml`:",
        _fenced(SPEC, "yaml"),
        "`specs/shop/evidence/prompt-rounds.yaml`:",
        _fenced(ROUNDS, "yaml"),
        "`specs/shop/evidence/probe.yaml`:",
        _fenced(PROBE, "yaml"),
        "`specs/clusters/small.yaml`:",
        _fenced(PROFILE, "yaml"),
    ]
    return "\n\n".join(parts) + "\n"


def _section(name: str) -> str:
    row = CODES[name]
    parts = [f"### {name}: {row.title}", f"*{row.severity}*. {row.why} {row.fix}"]
    match EXAMPLES.get(name):
        case Situation(bad, good):
            parts.append(f"No file provokes it. When: {bad} Then: {good}")
        case Example() as example:
            parts += [f"{title}{where}:\n\n{_fenced(text)}" for title, where, text in _ways(example, quoted=True)]
        case None:
            pass
    return "\n\n".join(parts)


def _ways(example: Example, *, quoted: bool) -> list[tuple[str, str, str]]:
    """The two ways: a title, where it stands and when it is told, and the text."""
    mark = "`" if quoted else ""
    where = [f"in {mark}{example.file}{mark}"] if example.file else []
    after = [f"after {mark}{example.first}{mark}"] if example.first else []
    told = [f"told by {mark}{example.command}{mark}"] if example.file and example.command != CHECK else []
    called = "".join(f", {part}" for part in (*where, *after, *told))
    return [("Bad", called, _shown(example.bad)), ("Good", "", _shown(example.good))]


def _shown(text: str | None) -> str:
    """The text as people see it: without its indentation and credentials, long ones cut, bytes that are no text escaped."""
    if not text:
        return "(the file is not there)" if text is None else "(an empty file)"
    lines = masked(dedent(text)).rstrip("\n").splitlines()
    if len(lines) > MAX_LINES:
        lines = [*lines[:3], f"… ({len(lines)} lines)"]
    return "\n".join(lines).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _fenced(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.rstrip()}\n```"
