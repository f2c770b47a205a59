"""The phases in order: load → validate → check → select → plan → render.

Each phase collects all its errors; the pipeline stops between phases.
"""

from dataclasses import dataclass
from pathlib import Path

from compiler.diagnostics import Diagnostic, Outcome, has_errors
from compiler.plan.lay_out import plan
from compiler.plan.model import Plan
from compiler.render.bundle import RenderedBundle
from compiler.selection import select
from compiler.selection.gather import facts_of
from compiler.selection.warnings import warnings_of
from compiler.spec.check import check
from compiler.spec.dependencies import Reads
from compiler.spec.inputs import load_inputs


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """A spec's plan and its rendered files."""

    plan: Plan
    bundle: RenderedBundle


def make_plan(path: Path, shown: str, reads: Reads | None = None) -> Outcome[Plan]:
    """Run all phases before rendering for the spec file at `path`, shown to people as `shown`.

    `reads` notes everything that was read, for callers that cache the result.
    """
    loaded = load_inputs(path, shown, reads or Reads(path.parent))
    if loaded.value is None:
        return Outcome(value=None, diagnostics=ordered(loaded.diagnostics))
    checked = check(loaded.value)
    found = (*loaded.diagnostics, *checked.diagnostics)
    if checked.value is None:
        return Outcome(value=None, diagnostics=ordered(found))
    selection = select(facts_of(checked.value))
    found = (*found, *warnings_of(selection, checked.value))
    if has_errors(found):
        return Outcome(value=None, diagnostics=ordered(found))
    planned = plan(checked.value, selection)
    return Outcome(value=planned.value, diagnostics=ordered((*found, *planned.diagnostics)))


def compile_spec(path: Path, shown: str, reads: Reads | None = None) -> Outcome[Compiled]:
    """Compile the spec file at `path` without writing files."""
    planned = make_plan(path, shown, reads)
    if planned.value is None:
        return Outcome(value=None, diagnostics=planned.diagnostics)
    from compiler.render.templates import render  # only rendering imports jinja2

    rendered = render(planned.value)
    found = ordered((*planned.diagnostics, *rendered.diagnostics))
    if rendered.value is None:
        return Outcome(value=None, diagnostics=found)
    return Outcome(value=Compiled(plan=planned.value, bundle=rendered.value), diagnostics=found)


def ordered(found: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Return the diagnostics by place, so that one spec always gives the same order."""
    return tuple(sorted(found, key=lambda each: each.sort_key))
