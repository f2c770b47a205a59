"""The phases in order: load → validate → check → select → plan → render.

Each phase collects all its errors; the pipeline stops between phases.
"""

from dataclasses import dataclass
from pathlib import Path

from compiler.diagnostics import Diagnostic, Outcome, has_errors
from compiler.plan.lay_out import plan
from compiler.plan.model import Plan
from compiler.render.bundle import RenderedBundle
from compiler.selection import Selection, select
from compiler.selection.gather import facts_of
from compiler.selection.warnings import warnings_of
from compiler.spec.check import check
from compiler.spec.dependencies import Reads
from compiler.spec.inputs import Inputs, load_inputs


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """A spec's decision; `plan` is None if errors elsewhere in the spec prevent a plan."""

    inputs: Inputs
    selection: Selection
    plan: Plan | None


def decide(path: Path, shown: str) -> Outcome[Decided]:
    """Decide for the spec file at `path`, even if it has errors elsewhere.

    Evidence and data with errors do not count then. Without a readable spec and profile there is no decision.
    """
    planned = make_plan(path, shown)
    if planned.value is not None:
        made = planned.value
        decided = Decided(inputs=made.inputs, selection=made.selection, plan=made)
        return Outcome(value=decided, diagnostics=planned.diagnostics)
    inputs = load_inputs(path, shown, Reads(path.parent), lenient=True).value
    if inputs is None:
        return Outcome(value=None, diagnostics=planned.diagnostics)
    decided = Decided(inputs=inputs, selection=select(facts_of(inputs)), plan=None)
    return Outcome(value=decided, diagnostics=planned.diagnostics)


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
