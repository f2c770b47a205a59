"""The config of a probe: which model is measured how, and by which limits its verdicts are read."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from runtime.contract.blocks import Block, Code, Positive, RewardBlock, TeacherBlock, Temperature
from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.prompting import PromptFileBlock
from runtime.contract.served import BudgetBlock, ServedBlock
from runtime.contract.stage import Stage

# what a probe measures, by its name in stage configs; evidence has the names in camel case
Measure = Literal[
    "pass_at1",
    "pass_at16",
    "unstable_gain",
    "agreement",
    "open_book",
    "recall_gain",
    "control",
    "chain_gain",
    "gold_output",
    "reward_spread",
    "teacher_pass_at1",
    "teacher_gain",
    "greedy",
    "constrained",
]


class LimitBlock(Block):
    """A test of a measure: its whole interval must lie at or above the limit, or else below it.

    An `optional` test counts only if its measure could be taken.
    """

    measure: Measure
    limit: float
    above: bool
    optional: bool = False


class ProbeWork(Block):
    """The sizes of a probe.

    The model answers up to `prompts` badcases, `samples` times each. Every further measure (open book, control, chain,
    gold prompt, teacher) takes `further_samples` per prompt. A chain with its answer has at most `chain_tokens`, and
    ends with `answer_marker` before the answer. Weights answer `batch_size` prompts at once. A teacher's endpoint
    receives up to `concurrency` requests at once, and at most `requests_per_minute`.
    """

    samples: Positive
    temperature: Annotated[Temperature, Field(gt=0)]
    prompts: Positive
    further_samples: Positive
    max_new_tokens: Positive
    chain_tokens: Positive
    batch_size: Positive
    answer_marker: Annotated[str, Field(min_length=1)]
    concurrency: Positive = 4
    requests_per_minute: Positive = 60


class ProbeStage(Stage):
    """Measure what a model lacks on the badcases that the best prompt leaves.

    The model is `served` by an endpoint within a `budget` (without one: the calls of the whole probe), or else read as
    weights. It and a teacher are asked in the `prompt`, general questions as they are. The first metric decides whether
    an answer is right. `verdicts` are the tests of each gap: sampling stops once all of them are clear. Rows of role
    `general` are the control.
    """

    method: Literal["probe"]
    prompt: PromptFileBlock | None = None
    served: ServedBlock | None = None
    budget: BudgetBlock | None = None
    teacher: TeacherBlock | None = None
    rewards: list[RewardBlock] = Field(default=[])
    reward_code: Code = Field(default={})
    metrics: Annotated[list[MetricBlock], Field(min_length=1)]
    metric_code: Code = Field(default={})
    verdicts: dict[str, Annotated[list[LimitBlock], Field(min_length=1)]]
    work: ProbeWork

    @model_validator(mode="after")
    def _parts_fit(self) -> "ProbeStage":
        for index, block in enumerate(self.data):
            if (block.shape == "badcase") != (block.role is None) or block.role not in (None, "general"):
                raise ValueError(f"`data.{index}`: role `{block.role}` does not take rows of shape `{block.shape}`")
        if self.data[0].role is not None:
            raise ValueError("`data.0` must contain badcases, which have no `role`")
        if self.metrics[0].is_judged:
            raise ValueError("`metrics.0` must be a metric that needs no judge")
        if self.served is not None and self.model.adapters:
            raise ValueError("`served` is the base model, but `model.adapters` are merged into another one")
        if self.budget is not None and self.served is None:
            raise ValueError("`budget` belongs to a model that is `served`")
        if self.budget is not None and self.budget.usd is not None and self.served and self.served.price is None:
            raise ValueError("`budget.usd` needs `served.price`")
        if self.teacher is not None and (self.teacher.access == "text") != (self.teacher.endpoint is not None):
            raise ValueError("access `text` requires `teacher.endpoint`, and access `weights` does not take it")
        return self
