"""Checks of a plan's limits: its cost, and the methods that this version's runtime supports."""

from collections.abc import Iterator

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.plan.model import Plan
from compiler.spec.methods.supported import lacking


def cost_over_cap(plan: Plan) -> Iterator[Diagnostic]:
    """Report a worst-case cost above the spec's cap."""
    cap, cost = plan.inputs.spec.spec.goal.constraints.max_training_cost_usd, plan.worst_cost_usd
    if cap is not None and cost is not None and cost > cap:
        where = plan.inputs.document.at(("spec", "goal", "constraints", "maxTrainingCostUsd"))
        hint = "lower the deadlines, use a cheaper profile, or raise the cap"
        yield diagnostic(
            "PLN405", f"the plan may cost up to ${cost:,.2f}, above the cap of ${cap:,.2f}", where, hint=hint
        )


def methods_beyond_runtime(plan: Plan) -> Iterator[Diagnostic]:
    """Report methods that the plan renders for review but this version's runtime lacks."""
    missing = sorted({lacking(stage.config) for stage in plan.pending} - {""})
    if missing:
        names = ", ".join(missing)
        hint = "review the plan now, and run it with a later version whose runtime has the method"
        where = plan.inputs.document.at(("spec", "gaps"))
        yield diagnostic("PLN404", f"this version's runtime does not run {names} yet", where, hint=hint)
