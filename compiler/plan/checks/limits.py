"""The check of what a plan may cost."""

from collections.abc import Iterator

from compiler.diagnostics import Diagnostic, diagnostic
from compiler.plan.model import Plan


def cost_over_cap(plan: Plan) -> Iterator[Diagnostic]:
    """Report a worst-case cost above the spec's cap."""
    cap, cost = plan.inputs.spec.spec.goal.constraints.max_training_cost_usd, plan.worst_cost_usd
    if cap is not None and cost is not None and cost > cap:
        where = plan.inputs.document.at(("spec", "goal", "constraints", "maxTrainingCostUsd"))
        hint = "lower the deadlines, use a cheaper profile, or raise the cap"
        yield diagnostic(
            "PLN405", f"the plan may cost up to ${cost:,.2f}, above the cap of ${cap:,.2f}", where, hint=hint
        )
