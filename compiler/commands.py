"""What each command does: phases, then output. Diagnostics go to stderr, artefacts to files or stdout."""

import sys
from collections.abc import Sequence
from pathlib import Path

from compiler.diagnostics import CODES, Diagnostic, Location, diagnostic, has_errors
from compiler.diagnostics.model import Severity
from compiler.discover import SpecPath, discover
from compiler.exit_codes import ExitCode
from compiler.output import Change, changes, locked, sweep, write
from compiler.pipeline import Compiled, compile_spec, make_plan, ordered
from compiler.plan_model import Plan
from compiler.review import verdict


def check_specs(paths: list[Path], style: str) -> ExitCode:
    """Check the specs under the paths: everything up to the plan."""
    specs, found = _specs(paths)
    plans: list[Plan] = []
    for spec in specs:
        outcome = make_plan(spec.path, spec.shown)
        found.extend(outcome.diagnostics)
        found.extend(_collides(outcome.value, plans))
    report(found, style)
    print(f"{len(specs)} {_plural('spec', len(specs))} checked, {_count(found)}")
    return _exit_code(found)


def compile_specs(paths: list[Path], style: str, *, check_only: bool) -> ExitCode:
    """Compile the specs under the paths, and write each plan folder that changed (or only say that it would)."""
    specs, found = _specs(paths)
    differing = 0
    plans: list[Plan] = []
    for spec in specs:
        outcome = compile_spec(spec.path, spec.shown)
        collisions = _collides(outcome.value.plan if outcome.value else None, plans)
        found.extend((*outcome.diagnostics, *collisions))
        if outcome.value is not None and not collisions:
            differing += _deliver(spec, outcome.value, found, check_only=check_only)
    report(ordered(tuple(found)), style)
    if has_errors(each for each in found if each.code != "RND502"):
        return ExitCode.ERRORS
    return ExitCode.DIFFERENCES if check_only and differing else ExitCode.OK


def _collides(plan: Plan | None, earlier: list[Plan]) -> list[Diagnostic]:
    """Whether another spec of this call has the same name, and so the same objects; the plan joins the earlier ones."""
    if plan is None:
        return []
    same = next((each for each in earlier if each.name == plan.name), None)
    earlier.append(plan)
    if same is None:
        return []
    document = plan.inputs.document
    message = f"name `{plan.name}` is already that of `{same.inputs.document.path}`"
    return [
        diagnostic(
            "CHK206",
            message,
            document.at(("metadata", "name")),
            hint="rename one of the two: objects are named after it",
        )
    ]


def _deliver(spec: SpecPath, compiled: Compiled, found: list[Diagnostic], *, check_only: bool) -> int:
    """Write or compare one plan, say what came of it, and give back how many files differ."""
    if check_only:
        differing = changes(compiled.bundle, spec.plan_folder)
        found.extend(_differs(change, spec) for change in differing)
    else:
        with locked(spec.plan_folder):
            sweep(spec.plan_folder)
            differing = changes(compiled.bundle, spec.plan_folder)
            problem = write(compiled.bundle, spec.plan_folder, spec.shown_plan) if differing else None
        if problem:
            found.append(problem)
            return 0
    removed = [change.name for change in differing if change.action == "delete"]
    written = f"{len(differing) - len(removed)} files written" + (f", removed {', '.join(removed)}" if removed else "")
    state = "unchanged" if not differing else "differs" if check_only else written
    print(f"{spec.shown_plan}: {state}; {verdict(compiled.plan)}")
    return len(differing)


def _differs(change: Change, spec: SpecPath) -> Diagnostic:
    what = {"create": "is missing", "update": "differs from the spec", "delete": "is not part of the plan"}[
        change.action
    ]
    where = Location(path=f"{spec.shown_plan}/{change.name}")
    return diagnostic(
        "RND502", f"`{change.name}` {what}", where, hint=f"run `trainspec compile {spec.shown}` and commit the result"
    )


def explain_subject(subject: str) -> ExitCode:
    """Explain a diagnostic's code, a rule, or a spec, whichever the subject names."""
    from compiler import explain

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
    return _exit_code(found)


def run_plan(plan: Path, work: Path | None, models: Path | None) -> ExitCode:
    """Run a rendered plan folder on this machine."""
    from compiler.local.run import run

    found = run(plan, work, models)
    report(found, "text")
    return _exit_code(found)


def print_schema(kind: str) -> ExitCode:
    """Print the JSON Schema of a kind of the newest apiVersion."""
    from compiler.docs.json_schema import kinds, text

    if kind not in kinds():
        print(f"unknown kind `{kind}`: use one of {', '.join(kinds())}", file=sys.stderr)
        return ExitCode.USAGE
    print(text(kind), end="")
    return ExitCode.OK


def report(found: Sequence[Diagnostic], style: str) -> None:
    """Write diagnostics to stderr in a format; JSON and SARIF also when there is nothing to tell."""
    if not found and style in ("text", "concise", "github"):
        return
    from compiler.diagnostics.formats import FORMATS

    print(FORMATS[style](found), end="\n\n" if style == "text" else "\n", file=sys.stderr)


def _specs(paths: list[Path]) -> tuple[list[SpecPath], list[Diagnostic]]:
    specs, empty = discover(paths)
    hint = "name a spec file, or a folder that holds `spec.yaml` files"
    return specs, [diagnostic("YML001", "no spec is there", Location(path=str(path)), hint=hint) for path in empty]


def _exit_code(found: Sequence[Diagnostic]) -> ExitCode:
    return ExitCode.ERRORS if has_errors(found) else ExitCode.OK


def _count(found: Sequence[Diagnostic]) -> str:
    errors = sum(each.severity is Severity.ERROR for each in found)
    warnings = len(found) - errors
    return f"{errors} {_plural('error', errors)}, {warnings} {_plural('warning', warnings)}"


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
