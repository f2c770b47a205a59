"""`spec.prompt`: the team's prompt, a file in Git, and how its optimisation may spend calls and money."""

from typing import Annotated

from pydantic import Field, Strict

from compiler.spec.schema.served import ServedModel, Usd
from compiler.spec.schema.types import Model, RelativePath


class PromptSource(Model):
    """The prompt that the system uses now. Prompt optimisation begins with it."""

    path: RelativePath = Field(
        description="Text or Markdown file in the spec's folder. `{question}` in it is replaced by the question; a text "
        "without it is the system turn, or precedes a plain question."
    )
    reflection: ServedModel | None = Field(
        default=None,
        description="Strong model that rewrites the prompt from failures (GEPA). It reads badcases. Its key is the secret "
        "`REFLECTION_API_KEY` of the profile.",
    )
    max_calls: Annotated[int, Strict(), Field(ge=1, le=10_000_000)] | None = Field(
        default=None, description="Most calls of an optimisation; by default as many as its settings can need."
    )
    max_cost_usd: Usd | None = Field(
        default=None, description="Most money that its calls may cost, by the prices of the endpoints."
    )
