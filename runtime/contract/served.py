"""A model behind an OpenAI-compatible endpoint in a stage config, and what its calls may cost."""

from typing import Annotated

from pydantic import Field

from runtime.contract.blocks import Block, Positive, TeacherBlock

# secrets of a cluster profile: the key of each endpoint, which only the Jobs that query it get
TEACHER_KEY = "TEACHER_API_KEY"
MODEL_KEY = "MODEL_API_KEY"
TEACHER_KEY = "TEACHER_API_KEY"
REFLECTION_KEY = "REFLECTION_API_KEY"
Usd = Annotated[float, Field(ge=0)]


class PriceBlock(Block):
    """Prices in US dollars for a million tokens."""

    input: Usd
    output: Usd


class ServedBlock(Block):
    """A model behind an OpenAI-compatible endpoint, with its limits and its price; without a price, calls are free."""

    name: str
    revision: str
    endpoint: str
    concurrency: Positive = 4
    requests_per_minute: Positive = 60
    price: PriceBlock | None = None

    @property
    def path(self) -> str:
        """The model's name in reports and evidence."""
        return f"{self.name}/{self.revision}"


class BudgetBlock(Block):
    """The most calls of a stage, and the most that they may cost in US dollars."""

    calls: Positive
    usd: Usd | None = None


def served_teacher(
    teacher: TeacherBlock, *, concurrency: int, requests_per_minute: int, price: PriceBlock | None = None
) -> ServedBlock | None:
    """Return a teacher behind an endpoint as a served model; None for one whose weights are on the models volume."""
    if teacher.endpoint is None:
        return None
    return ServedBlock(
        name=teacher.name,
        revision=teacher.revision,
        endpoint=teacher.endpoint,
        concurrency=concurrency,
        requests_per_minute=requests_per_minute,
        price=price,
    )
