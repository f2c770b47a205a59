"""Full texts of diagnostic codes, for `trainspec explain CODE` and `docs/diagnostics.md`."""

from textwrap import dedent, fill

from compiler.diagnostics.codes import CODES
from compiler.diagnostics.credentials import masked
from compiler.diagnostics.examples import EXAMPLES, Example, Situation
from compiler.diagnostics.examples.example import CHECK
from compiler.diagnostics.examples.project import PROBE, PROFILE, ROUNDS, SPEC

MAX_LINES = 6

FAMILIES = {
    "YML": "The file cannot be read as YAML",
    "SPC": "The document does not follow the schema",
    "CHK": "The spec is well-formed, but inconsistent",
    "SEL": "Warnings of the selection rules",
    "PLN": "The plan cannot be made, or differs from the request",
    "RND": "Rendering, and the plan folder on disk",
    "CLU": "The cluster that plans are applied to",
    "RUN": "Stages, and the local executor",
    "TRC": "Traces, and what their exports lost",
}

FORMATS = """\
## Formats

`--format` of `trainspec check` and `trainspec compile` sets the format of diagnostics on stderr. Nothing else is
written to stderr, so `2> file` saves a whole document. Lines and columns count from 1, columns in code points.

| format | for | content |
|---|---|---|
| `text` | people | the source line, carets under the place, and a hint |
| `concise` | editors, grep | one line per diagnostic: `path:line:col: severity[CODE] message (hint)` |
| `json` | programs | one document, described below, even without diagnostics |
| `sarif` | code hosts | SARIF 2.1.0; paths are relative to `%SRCROOT%`, the folder that trainspec was run in |
| `github` | GitHub Actions | workflow commands, which the log shows as annotations of the changed files |

In the JSON document, `schema` is `trainspec.dev/diagnostics/v1` as long as no field is removed or changes its meaning;
`tool` has `name` and `version`; `summary` counts `errors` and `warnings`; `diagnostics` is a list, sorted by place, of

| field | content |
|---|---|
| `code`, `severity`, `title` | the code, `error` or `warning`, and the code's title |
| `message`, `hint` | the problem, and how to fix it |
| `location.path` | the file, as named on the command line or found below a named folder |
| `location.line`, `.column` | start of the place; null for a whole file |
| `location.end_line`, `.end_column` | end of the place; the end column is exclusive |
"""


def explain(name: str) -> str:
    """Return a code's text for a terminal: title, why it matters, how to fix it, and an example."""
    row = CODES[name]
    parts = [f"{name} ({row.severity}): {row.title}", fill(row.why, 100), f"Fix: {fill(row.fix, 100)}"]
    match EXAMPLES.get(name):
        case Situation(bad, good):
            parts += [f"Situation: {fill(bad, 100)}", f"Resolution: {fill(good, 100)}"]
        case Example() as example:
            parts += [
                f"{title}{where}:\n\n{_indented(text)}" for title, where, text in _versions(example, quoted=False)
            ]
        case None:
            pass
    return "\n\n".join(parts)


def page() -> str:
    """Return the text of `docs/diagnostics.md`: every code, by family, with its example."""
    parts = [
        "# Diagnostics",
        "Generated from the table of codes: change `compiler/diagnostics/`, then run `python -m compiler.explain.docs`.",
        "An error stops the pipeline at the end of its phase, so that all errors of a phase are reported at once; a warning "
        "does not. Codes are never reused. `trainspec explain CODE` prints the same text.",
        FORMATS.rstrip(),
    ]
    for family, title in FAMILIES.items():
        parts.append(f"## {family}: {title}")
        parts += [_section(name) for name in sorted(CODES) if name.startswith(family)]
    parts += [
        "## The project of the examples",
        "The examples change one small project, which compiles without diagnostics. `specs/shop/spec.yaml`:",
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
            parts.append(f"Situation: {bad} Resolution: {good}")
        case Example() as example:
            parts += [f"{title}{where}:\n\n{_fenced(text)}" for title, where, text in _versions(example, quoted=True)]
        case None:
            pass
    return "\n\n".join(parts)


def _versions(example: Example, *, quoted: bool) -> list[tuple[str, str, str]]:
    """Return both versions of an example: a title, its file and commands, and the text."""
    mark = "`" if quoted else ""
    where = [f"in {mark}{example.file}{mark}"] if example.file else []
    after = [f"after {mark}{example.first}{mark}"] if example.first else []
    by = [f"reported by {mark}{example.command}{mark}"] if example.file and example.command != CHECK else []
    context = "".join(f", {part}" for part in (*where, *after, *by))
    return [("Bad", context, _shown(example.bad)), ("Good", "", _shown(example.good))]


def _shown(text: str | None) -> str:
    """Return text dedented, masked and cut if long, with bytes escaped that are not UTF-8."""
    if not text:
        return "(the file does not exist)" if text is None else "(an empty file)"
    lines = masked(dedent(text)).rstrip("\n").splitlines()
    if len(lines) > MAX_LINES:
        lines = [*lines[:3], f"… ({len(lines)} lines)"]
    return "\n".join(lines).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _fenced(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.rstrip()}\n```"
