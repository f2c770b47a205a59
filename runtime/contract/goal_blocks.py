"""Blocks of stage configs that hold the goal: its metrics, their targets, and its guards."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from runtime.contract.blocks import Block, RelativePath, Share
from runtime.contract.metrics import GENERAL_GUARD, JUDGE, METRICS, passes_at
from runtime.contract.options import option_faults
from runtime.contract.rewards import FUNCTION


class MetricBlock(Block):
    """One metric of a goal: a metric of the library by `use`, or the team's own function `module:function`.

    `name` is its name in the goal and in reports; `use` defaults to it. `databases` is a folder of SQL scripts under
    the data volume, which also has the files that `options` name, and own modules. If an answer contains
    `answer_marker`, the metric reads only the text after the last one: a chain may precede it.
    """

    name: str
    use: Annotated[str, Field(pattern=FUNCTION)] = Field(default_factory=lambda given: str(given.get("name", "")))
    options: dict[str, Any] = Field(default={})
    databases: RelativePath | None = None
    answer_marker: str | None = None

    @property
    def is_own(self) -> bool:
        """Whether the metric is the team's own function."""
        return ":" in self.use

    @property
    def compares(self) -> bool:
        """Whether the metric compares an answer with the reference."""
        return self.is_own or METRICS[self.use].compares

    @property
    def is_judged(self) -> bool:
        """Whether a judge reads the answers; its option `rubric` is a file of the data volume."""
        return self.use == JUDGE

    @property
    def passes_at(self) -> float:
        """The score from which on an answer is right."""
        return passes_at(self.use, self.options)

    @model_validator(mode="after")
    def _settings_fit(self) -> "MetricBlock":
        if not self.is_own and self.use not in METRICS:
            names = ", ".join(f"`{each}`" for each in METRICS)
            raise ValueError(f"`use` must be `module:function` or one of {names}, not `{self.use}`")
        needs_databases = not self.is_own and METRICS[self.use].needs_databases
        if needs_databases != (self.databases is not None):
            names = ", ".join(f"`{name}`" for name, metric in METRICS.items() if metric.needs_databases)
            raise ValueError(f"{names} requires `databases`, and no other metric takes it")
        if self.is_own and self.options:
            raise ValueError(f"`{self.use}` takes no options, only the row and the answer")
        known, needed = ((), ()) if self.is_own else (METRICS[self.use].known, METRICS[self.use].required)
        if faults := list(option_faults(self.options, known, needed)):
            raise ValueError(f"options of metric `{self.use}`: {'; '.join(faults)}")
        return self


class TargetBlock(Block):
    """The `target` for a further metric of the goal."""

    metric: str
    target: Share


class GuardBlock(Block):
    """A metric that may not fall by more than `margin`; `general` is the check of general ability.

    It is compared with `baseline`, an earlier evaluation, question by question; or with a recorded `value`.
    """

    metric: str
    margin: Share
    baseline: RelativePath | None = None
    value: Share | None = None

    @model_validator(mode="after")
    def _has_one_comparison(self) -> "GuardBlock":
        if (self.baseline is None) == (self.value is None):
            raise ValueError("requires either `baseline` or `value`")
        return self


class GateBlock(Block):
    """The gate of an evaluation: the `target` for the deciding `metric`, and the earlier evaluation to compare with.

    `others` are further targets. `unmeasured` are metrics of the goal that no Job measures, or whose judge was not
    compared with people: while there are any, the target is never met. Without `needs_gain`, only a broken guard or a
    loss of general ability stops the plan: the worth of a corpus for the task shows only after the next training stage.
    """

    metric: str
    target: Share
    baseline: RelativePath | None
    others: list[TargetBlock] = Field(default=[])
    guards: list[GuardBlock] = Field(default=[])
    unmeasured: list[str] = Field(default=[])
    needs_gain: bool = True

    @property
    def measured(self) -> list[str]:
        """The metrics that the gate reads, the deciding one first."""
        guarded = [each.metric for each in self.guards if each.metric != GENERAL_GUARD]
        return list(dict.fromkeys([self.metric, *(each.metric for each in self.others), *guarded]))
