"""`trainspec explain` and `trainspec schema`: print a spec, rule, diagnostic or schema to stdout."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.cli.exit_codes import ExitCode
from compiler.cli.report import exit_code, report
from compiler.diagnostics.codes import CODES
from compiler.spec.discover import SpecPath, discover

if TYPE_CHECKING:
    from compiler.pipeline.phases import Decided


def explain_subject(subject: str, *, style: str, full: bool) -> ExitCode:
    """Explain the diagnostic code, rule or spec that the subject names.

    `style` is `text` or `json`; `full` prints a spec's whole trace.
    """
    from compiler.explain import plan as explain

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
    return _explain_specs(specs, style=style, full=full)


def _explain_specs(specs: Sequence[SpecPath], *, style: str, full: bool) -> ExitCode:
    """Print the decision of each spec to stdout, after all diagnostics on stderr."""
    from compiler.explain.decision_json import as_json
    from compiler.pipeline.phases import decide

    outcomes = [(spec, decide(spec.path, spec.shown)) for spec in specs]
    found = [each for _, outcome in outcomes for each in outcome.diagnostics]
    report(found, "text")
    decided = [(spec, outcome.value) for spec, outcome in outcomes if outcome.value is not None]
    if style == "json":
        print(as_json([made for _, made in decided]))
    for spec, made in decided if style == "text" else []:
        print(_text(made, spec.shown, full=full))
    return exit_code(found)


def _text(made: "Decided", shown: str, *, full: bool) -> str:
    from compiler.explain.brief import brief
    from compiler.explain.plan import plan, trace

    if not full:
        return brief(made, shown)
    if made.plan is not None:
        return plan(made.plan)
    return brief(made, shown) + "\n\n" + trace(made.selection, made.inputs.spec.metadata.reader_language)


def print_schema(kind: str) -> ExitCode:
    """Print the JSON Schema of a kind in the newest apiVersion."""
    from compiler.explain.docs.json_schema import ROWS, kinds, text

    known = (*kinds(), *ROWS)
    if kind not in known:
        print(f"unknown kind `{kind}`: use one of {', '.join(known)}", file=sys.stderr)
        return ExitCode.USAGE
    print(text(kind), end="")
    return ExitCode.OK
