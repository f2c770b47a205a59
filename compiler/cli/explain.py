"""`trainspec explain` and `trainspec schema`: print a spec, rule, diagnostic or schema to stdout."""

import sys
from pathlib import Path

from compiler.cli.exit_codes import ExitCode
from compiler.cli.report import exit_code, report
from compiler.diagnostics import Diagnostic
from compiler.diagnostics.codes import CODES
from compiler.spec.discover import discover


def explain_subject(subject: str) -> ExitCode:
    """Explain the diagnostic code, rule or spec that the subject names."""
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
        rules = ", ".join(explain.rule_ids())
        print(f"`{subject}` is not a spec, rule or diagnostic: use one of the rules {rules}", file=sys.stderr)
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
    """Print the JSON Schema of a kind in the newest apiVersion."""
    from compiler.explain.docs.json_schema import kinds, text

    if kind not in kinds():
        print(f"unknown kind `{kind}`: use one of {', '.join(kinds())}", file=sys.stderr)
        return ExitCode.USAGE
    print(text(kind), end="")
    return ExitCode.OK
