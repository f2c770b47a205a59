"""The config of an augmentation: the texts that it reads, the models that it queries, and its budget."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from runtime.contract.blocks import Block, DataBlock, Positive, TeacherBlock
from runtime.contract.data.shapes import Shape
from runtime.contract.methods import MAX_AUGMENTED_ROWS
from runtime.contract.served import BudgetBlock, PriceBlock, ServedBlock
from runtime.contract.stage import Stage

Kind = Literal["atomic", "aggregated", "multi-hop"]
_FACTS_PER_ROW, _LEAST_FACTS = 2, 200  # more facts are not assessed: they would not be asked about


def assessed_facts(facts: int, max_rows: int) -> int:
    """Return how many of the facts of a corpus the stage assesses, where its budget allows it."""
    return min(facts, max(_FACTS_PER_ROW * max_rows, _LEAST_FACTS))


class AugmentWork(Block):
    """Which questions the stage writes, and how it queries the models.

    `chunk_tokens` bounds a passage, `max_facts` the facts behind one question. `judgments` are the samples in which a
    served model judges a statement. With `turns`, rows are written as turns instead of plain text. `budget` counts the
    requests to both models, and the cost of those to endpoints. `price`, `concurrency` and `requests_per_minute` are
    those of the teacher's endpoint, `batch_size` is that of weights.
    """

    kinds: Annotated[list[Kind], Field(min_length=1)]
    max_rows: Annotated[int, Field(ge=1, le=MAX_AUGMENTED_ROWS)]
    chunk_tokens: Annotated[int, Field(ge=64, le=8192)]
    max_facts: Annotated[int, Field(ge=2, le=32)]
    max_new_tokens: Annotated[int, Field(ge=64)]
    turns: bool
    budget: BudgetBlock
    judgments: Annotated[int, Field(ge=1, le=16)] = 4
    batch_size: Positive = 8
    concurrency: Positive = 4
    requests_per_minute: Positive = 60
    price: PriceBlock | None = None

    @model_validator(mode="after")
    def _kinds_differ(self) -> "AugmentWork":
        if len(set(self.kinds)) < len(self.kinds):
            raise ValueError("`kinds` names a kind twice")
        return self


class AugmentStage(Stage):
    """Write questions and answers from a corpus, aimed at what the model does not know (GraphGen, arXiv 2505.20416).

    The teacher writes; without one, the model itself does. `served` is the endpoint of the model, whose weights are
    read otherwise. Of `data`, the blocks of shape `text` are the corpus; questions of the others must not be written.
    """

    method: Literal["augment"]
    teacher: TeacherBlock | None = None
    served: ServedBlock | None = None
    work: AugmentWork

    @model_validator(mode="after")
    def _parts_fit(self) -> "AugmentStage":
        if not self.corpus:
            raise ValueError("`data` needs a block of shape `text`")
        if self.teacher is not None and (self.teacher.access == "text") != (self.teacher.endpoint is not None):
            raise ValueError("access `text` requires `teacher.endpoint`, and access `weights` does not take it")
        return self

    @property
    def corpus(self) -> list[DataBlock]:
        """The blocks of the texts that questions are written from."""
        return [each for each in self.data if each.shape is Shape.TEXT]

    @property
    def held_out(self) -> list[DataBlock]:
        """The blocks of the questions that must not be written."""
        return [each for each in self.data if each.shape is Shape.EVALUATION]
