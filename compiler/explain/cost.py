"""What a plan costs at most: Jobs, deadlines, GPU hours and US dollars."""

from dataclasses import dataclass

from compiler.diagnostics.wording import counted
from compiler.plan.model import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """The limits of the Jobs that are not finished yet; `usd` is None without a price, `cap_usd` without a cap.

    `endpoint_usd` is the part of `usd` for calls of endpoints, which is known without a price of the profile.
    """

    jobs: int
    deadline_minutes: int
    gpu_hours: float
    usd: float | None
    cap_usd: float | None
    endpoint_usd: float = 0.0

    @property
    def in_words(self) -> str:
        """The limits in one line."""
        if not self.jobs:
            return "no Job to run"
        hours, minutes = divmod(self.deadline_minutes, 60)
        parts = [counted(self.jobs, "Job"), f"at most {hours} h {minutes:02} min (their deadlines)"]
        if self.gpu_hours:
            parts.append(f"{self.gpu_hours:,.1f} GPU hours")
        if self.usd is not None:
            parts.append(f"US${self.usd:,.2f}" + (f" of {self.cap_usd:,.2f}" if self.cap_usd is not None else ""))
        elif self.endpoint_usd:
            parts.append(f"calls of endpoints at most US${self.endpoint_usd:,.2f}")
        return ", ".join(parts)


def cost_of(plan: Plan) -> Cost:
    """Return the limits of a plan."""
    gpu = plan.inputs.profile.spec.gpu
    seconds = [(each.deadline_seconds, each.nodes * each.gpus(gpu.count) if gpu else 0) for each in plan.pending]
    return Cost(
        jobs=len(seconds),
        deadline_minutes=sum(each for each, _ in seconds) // 60,
        gpu_hours=sum(each * gpus for each, gpus in seconds) / 3600,
        usd=plan.worst_cost_usd if seconds else None,
        endpoint_usd=plan.endpoint_usd,
        cap_usd=plan.inputs.spec.spec.goal.constraints.max_training_cost_usd,
    )
