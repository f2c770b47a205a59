"""Models behind OpenAI-compatible endpoints: their limits, and what their tokens cost."""

from typing import Annotated

from pydantic import Field, Strict

from compiler.spec.schema.types import Endpoint, Model, ModelName, Revision

Usd = Annotated[float, Field(ge=0, le=1_000_000)]


class Price(Model):
    """Prices in US dollars for a million tokens."""

    input: Usd = Field(description="Price of a million tokens that the model reads.")
    output: Usd = Field(description="Price of a million tokens that it writes.")


class Budget(Model):
    """The most that one stage may spend on calls of an endpoint."""

    calls: Annotated[int, Strict(), Field(ge=1, le=10_000_000)] = Field(description="Answered calls.")
    usd: Usd | None = Field(default=None, description="US dollars, by the price of the tokens.")


class Serving(Model):
    """An OpenAI-compatible endpoint of a model."""

    endpoint: Endpoint = Field(description="Base URL of the endpoint. Its key is a secret of the cluster profile.")
    concurrency: Annotated[int, Strict(), Field(ge=1, le=256)] = Field(default=4, description="Concurrent requests.")
    requests_per_minute: Annotated[int, Strict(), Field(ge=1, le=100_000)] = Field(
        default=60, description="Requests per minute."
    )
    price: Price | None = Field(default=None, description="Price of its tokens; without it, calls are free.")
    budget: Budget | None = Field(
        default=None, description="Most that one stage may spend on it; without it, as many calls as the stage plans."
    )


class ServedModel(Serving):
    """A model, and the endpoint that serves it."""

    name: ModelName = Field(description="Name of the model at its endpoint.")
    revision: Revision = Field(description="Exact revision or version.")
