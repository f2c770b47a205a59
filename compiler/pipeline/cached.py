"""Compile one spec of many, or take it from the cache, and compare it with its plan folder.

The result is small, since it may come from another process. This module writes only the cache, and cleans up after a
killed compile next to a plan folder; the process that collects the results writes the plan folders.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from compiler.diagnostics import Diagnostic
from compiler.pipeline.cache import Cache, Entry
from compiler.render.bundle import RenderedBundle
from compiler.render.plan_folder import bundle_digest, changes, folder_digest, mend
from compiler.spec.dependencies import Reads
from compiler.spec.discover import SpecPath

if TYPE_CHECKING:
    from compiler.plan.model import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """Result of a spec: `entry` is None after errors, `bundle` if the plan folder is up to date."""

    spec: SpecPath
    diagnostics: tuple[Diagnostic, ...]
    entry: Entry | None = None
    bundle: RenderedBundle | None = None


def checked(spec: SpecPath, *, cache: Cache | None) -> Built:
    """Run the phases of a spec up to its plan."""
    known = cache.find(spec) if cache else None
    if known is not None:
        return Built(spec=spec, diagnostics=known.diagnostics, entry=known)
    from compiler.pipeline.phases import make_plan  # only reading a spec imports its models

    reads = Reads(spec.path.parent)
    outcome = make_plan(spec.path, spec.shown, reads)
    if outcome.value is None:
        return Built(spec=spec, diagnostics=outcome.diagnostics)
    entry = _entry(outcome.value, outcome.diagnostics, rendered="")
    _keep(cache, spec, entry, reads)
    return Built(spec=spec, diagnostics=outcome.diagnostics, entry=entry)


def compiled(spec: SpecPath, *, cache: Cache | None, clean_up: bool) -> Built:
    """Compile the spec and compare it with its plan folder; `clean_up` after a killed compile."""
    if clean_up:
        mend(spec.plan_folder)
    known = cache.find(spec) if cache else None
    if known is not None and known.plan and known.plan == folder_digest(spec.plan_folder):
        return Built(spec=spec, diagnostics=known.diagnostics, entry=known)
    from compiler.pipeline.phases import compile_spec

    reads = Reads(spec.path.parent)
    outcome = compile_spec(spec.path, spec.shown, reads)
    if outcome.value is None:
        return Built(spec=spec, diagnostics=outcome.diagnostics)
    bundle = outcome.value.bundle
    entry = _entry(outcome.value.plan, outcome.diagnostics, rendered=bundle_digest(bundle))
    _keep(cache, spec, entry, reads)
    differs = bool(changes(bundle, spec.plan_folder))
    return Built(spec=spec, diagnostics=outcome.diagnostics, entry=entry, bundle=bundle if differs else None)


def _entry(plan: "Plan", diagnostics: tuple[Diagnostic, ...], *, rendered: str) -> Entry:
    from compiler.render.review import verdict

    return Entry(
        name=plan.name,
        named_at=plan.inputs.document.at(("metadata", "name")),
        verdict=verdict(plan),
        diagnostics=diagnostics,
        plan=rendered,
    )


def _keep(cache: Cache | None, spec: SpecPath, entry: Entry, reads: Reads) -> None:
    if cache is not None and reads.complete:
        cache.keep(spec, entry, reads.notes)
