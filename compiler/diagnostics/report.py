"""What the smaller commands do (`batch.py` has check and compile). Diagnostics go to stderr, artefacts to stdout."""

import sys
from collections.abc import Sequence
from pathlib import Path

from compiler.diagnostics import CODES, Diagnostic, has_errors
from compiler.diagnostics.exit_codes import ExitCode
from compiler.spec.discover import discover


def explain_subject(subject: str) -> ExitCode:
    """Explain a diagnostic's code, a rule, or a spec, whichever the subject names."""
    from compiler.explain import plan as explain
    from compiler.pipeline.phases import make_plan

    if subject.upper() in CODES:
        print(explain.code(subject.upper()))
        return ExitCode.OK
    rule = explain.rule(subject.upper())
    if rule:
        print(rule)
        return ExitCode.OK
    specs, _ = discover([Path(subject)])
    if not specs:
        print(f"`{subject}` is no spec, rule or diagnostic; rules are {', '.join(explain.rule_ids())}", file=sys.stderr)
        return ExitCode.USAGE
    found: list[Diagnostic] = []
    for spec in specs:
        outcome = make_plan(spec.path, spec.shown)
        found.extend(outcome.diagnostics)
        if outcome.value is not None:
            print(explain.plan(outcome.value))
    report(found, "text")
    return exit_code(found)


def run_plan(plan: Path, work: Path | None, models: Path | None) -> ExitCode:
    """Run a rendered plan folder on this machine."""
    from compiler.run.local.run import run

    found = run(plan, work, models)
    report(found, "text")
    return exit_code(found)


def print_schema(kind: str) -> ExitCode:
    """Print the JSON Schema of a kind of the newest apiVersion."""
    from compiler.explain.docs.json_schema import kinds, text

    if kind not in kinds():
        print(f"unknown kind `{kind}`: use one of {', '.join(kinds())}", file=sys.stderr)
        return ExitCode.USAGE
    print(text(kind), end="")
    return ExitCode.OK


def report(found: Sequence[Diagnostic], style: str) -> None:
    """Write diagnostics to stderr in a format; JSON and SARIF also when there is nothing to tell."""
    if not found and style in ("text", "concise", "github"):
        return
    from compiler.diagnostics.render import FORMATS

    print(FORMATS[style](found), end="\n\n" if style == "text" else "\n", file=sys.stderr)


def exit_code(found: Sequence[Diagnostic]) -> ExitCode:
    """Errors end with 1."""
    return ExitCode.ERRORS if has_errors(found) else ExitCode.OK
