"""Stage config of prompt optimisation: which candidates are raced, on which rows, within which budget."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from runtime.contract.blocks import AnswerBlock, Block, Code, Positive, RelativePath, Sha256, Share
from runtime.contract.data.shapes import Shape
from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.served import BudgetBlock, ServedBlock
from runtime.contract.stage import Stage

REFLECTIONS = 6  # proposals of the reflection model in a round
MINIBATCH = 3  # rows that a proposal is written from (GEPA, arXiv 2507.19457)
REFLECTION_ROWS = 24  # rows that decide which proposals leave GEPA

Kinds = list[str]


class PromptFileBlock(Block):
    """A prompt of the data volume with its digest, or one that an earlier stage writes to the outputs volume."""

    path: RelativePath
    volume: Literal["data", "outputs"] = "data"
    sha256: Sha256 | None = None

    @model_validator(mode="after")
    def _is_known(self) -> "PromptFileBlock":
        if (self.volume == "outputs") != (self.sha256 is None):
            raise ValueError("`sha256` belongs to the data volume, and is missing for `volume: outputs`")
        return self


class TechniquesBlock(Block):
    """The kinds of badcases that each technique is for; an empty list is for all rows, none leaves it out."""

    few_shot: Kinds | None = Field(default=None, alias="few-shot")
    rules: Kinds | None = None
    restructure: Kinds | None = None


class PromptWork(Block):
    """How the stage optimises: rounds, candidates of a round, and the most rows of each split.

    `plateau_rounds` rounds without a gain of `plateau_min_gain` end it.
    """

    max_rounds: Positive
    candidates: Annotated[int, Field(ge=1, le=64)]
    propose_rows: Positive = 100
    select_rows: Positive = 200
    report_rows: Positive = 300
    plateau_rounds: Positive = 2
    plateau_min_gain: Share = 0.02
    techniques: TechniquesBlock = TechniquesBlock()


class OptimizePromptStage(Stage):
    """Race prompts on rows that wrote none of them; report the winner on rows that chose nothing.

    `prompt` is the team's prompt, none for the bare questions. `served` answers instead of the weights of
    `model`.
    Rows of shape `evaluation` are the report split, all others are split into those to write candidates from and those
    to choose by.
    """

    method: Literal["optimize-prompt"]
    prompt: PromptFileBlock | None = None
    served: ServedBlock | None = None
    reflection: ServedBlock | None = None
    budget: BudgetBlock
    generation: AnswerBlock
    metrics: Annotated[list[MetricBlock], Field(min_length=1)]
    metric_code: Code = Field(default={})
    work: PromptWork

    @model_validator(mode="after")
    def _has_both_kinds_of_rows(self) -> "OptimizePromptStage":
        reports = [block.shape == Shape.EVALUATION for block in self.data]
        if sum(reports) != 1 or all(reports):
            raise ValueError("`data` requires one block of shape `evaluation`, and rows of another shape")
        if self.metrics[0].is_judged or self.metrics[0].answer_marker is None:
            raise ValueError("`metrics.0` must have an `answer_marker`, and needs no judge")
        return self


def worst_calls(work: PromptWork, rows: int, report: int, *, reflects: bool) -> int:
    """Return the most calls that a stage can make to its model, and to the reflection model.

    `rows` are those to propose and select by, `report` those of the report split.
    """
    propose, select = min(work.propose_rows, rows), min(work.select_rows, rows)
    measured = min(work.report_rows, report)
    per_round = propose + select * (work.candidates + 1) + measured
    if reflects:
        per_round += reflection_calls(propose) + REFLECTIONS
    return measured + work.max_rounds * per_round


def reflection_calls(propose: int) -> int:
    """Return the calls to the model in one round of reflection: as many as all proposals need (GEPA's floor)."""
    rows = min(REFLECTION_ROWS, propose)
    return rows + REFLECTIONS * (2 * MINIBATCH + rows)
