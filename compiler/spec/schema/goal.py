"""`spec.goal`: metrics with targets, guards, and limits of the deployed system."""

from typing import Annotated, Literal

from pydantic import Field

from compiler.spec.schema.training import TrainerValue
from compiler.spec.schema.types import (
    FUNCTION,
    Amount,
    Application,
    Count,
    Flag,
    MetricName,
    Model,
    RelativePath,
    Share,
    Text,
)
from runtime.contract.metrics import JUDGE, METRICS, PEOPLE


class Metric(Model):
    """A quality measure between 0 and 1; higher is better."""

    name: MetricName = Field(description="Name of the metric, in reports and as evidence names it.")
    use: Annotated[str, Field(pattern=FUNCTION, max_length=200)] | None = Field(
        default=None,
        description=f"Measure of the metric; by default its `name`. {', '.join(f'`{name}`' for name in METRICS)} are the "
        f"metric library; `module:function` is a function in the spec's folder; `{PEOPLE}`: people measure it, no "
        "evaluation Job does, and the result is committed as evidence.",
    )
    options: dict[str, TrainerValue] = Field(
        default={}, description="Options of a metric of the library, such as `pattern` of `regex`."
    )
    target: Share = Field(description="Value at which the business goal is met.")
    databases: RelativePath | None = Field(
        default=None, description="`execution_accuracy`: folder of SQL scripts that build the databases."
    )

    @property
    def function(self) -> str:
        """The measure: a metric of the library, `module:function`, or `people`."""
        return self.use or self.name

    @property
    def is_own(self) -> bool:
        """Whether a function in the spec's folder measures it."""
        return ":" in self.function

    @property
    def is_judged(self) -> bool:
        """Whether a judge measures it, by the rubric in its options."""
        return self.function == JUDGE

    @property
    def is_measured(self) -> bool:
        """Whether evaluation Jobs measure it."""
        return self.function != PEOPLE


class Guard(Model):
    """A metric that a change may not make worse."""

    name: MetricName = Field(
        description="A metric of the goal, or one of the library that needs no options; `general` is the check of "
        "general ability."
    )
    use: Literal["people"] | None = Field(
        default=None,
        description="`people` for a metric that the goal lacks and people measure: evidence has its values.",
    )
    margin: Share = Field(default=0.02, description="Largest loss against the baseline that is accepted.")
    baseline: Share | None = Field(
        default=None, description="Value before the change; by default that of the base model, else of the best prompt."
    )


class Constraints(Model):
    """Limits of the deployed system and of the plan's cost."""

    max_latency_ms: Count | None = Field(
        default=None, description="95th percentile of the response time, in milliseconds; `done` and rule D9 use it."
    )
    max_serving_cost_usd: Amount | None = Field(
        default=None, description="Cost of 1,000 requests, in US dollars. A higher one is a gap `compression` (M6)."
    )
    max_training_cost_usd: Amount | None = Field(
        default=None, description="Cap on the cost of one plan, in US dollars."
    )
    closed_book: Flag = Field(
        default=False,
        description="Whether the system must answer without retrieval (offline, or no time for it), so RAG is not an option.",
    )


class Goal(Model):
    """The business goal. All its metrics, guards and constraints bind; gates compare stages by the first metric."""

    application: Application = Field(description="Kind of application.")
    task: Text = Field(description="Task of the system, in one sentence.")
    metrics: list[Metric] = Field(min_length=1, description="Metrics with their targets, deciding one first.")
    must_not_fall: list[Guard] = Field(default=[], description="Metrics that a change may not make worse.")
    constraints: Constraints = Field(default=Constraints(), description="Latency and cost limits.")
