"""Checks of what a plan may take: money, and methods that the runtime of this version has."""

from collections.abc import Iterator

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.plan.model import Plan
from compiler.spec.methods.supported import lacking


def cost_over_cap(plan: Plan) -> Iterator[Diagnostic]:
    """Whether the worst case costs more than the spec allows."""
    cap, cost = plan.inputs.spec.spec.goal.constraints.max_training_cost_usd, plan.worst_cost_usd
    if cap is not None and cost is not None and cost > cap:
        where = plan.inputs.document.at(("spec", "goal", "constraints", "maxTrainingCostUsd"))
        hint = "lower the deadlines, use a cheaper profile, or raise the cap"
        yield diagnostic(
            "PLN405", f"the plan may cost up to ${cost:,.2f}, over the cap of ${cap:,.2f}", where, hint=hint
        )


def methods_beyond_runtime(plan: Plan) -> Iterator[Diagnostic]:
    """Methods that are rendered for review, and that the runtime of this version does not have."""
    missing = sorted({lacking(stage.config) for stage in plan.pending} - {""})
    if missing:
        names = ", ".join(missing)
        hint = "review the plan; to run it, wait for a version whose runtime has the method"
        where = plan.inputs.document.at(("spec", "gaps"))
        yield diagnostic("PLN404", f"the runtime of this version does not run {names} yet", where, hint=hint)
