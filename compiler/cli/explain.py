"""`trainspec explain` and `trainspec schema`: a spec, a rule, a diagnostic or a schema as text on stdout."""

import sys
from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.cli.report import exit_code, report
from compiler.diagnostics import Diagnostic
from compiler.diagnostics.codes import CODES
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


def print_schema(kind: str) -> ExitCode:
    """Print the JSON Schema of a kind of the newest apiVersion."""
    from compiler.explain.docs.json_schema import kinds, text

    if kind not in kinds():
        print(f"unknown kind `{kind}`: use one of {', '.join(kinds())}", file=sys.stderr)
        return ExitCode.USAGE
    print(text(kind), end="")
    return ExitCode.OK
