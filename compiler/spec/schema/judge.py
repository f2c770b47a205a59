"""`spec.judge`: the model behind an endpoint that judges free-text answers by a rubric."""

from typing import Annotated

from pydantic import Field, Strict

from compiler.spec.schema.types import Endpoint, Model, ModelName, Revision
from runtime.contract.judging import Language


class Judge(Model):
    """A model that judges answers for metrics with `use: judge`.

    Its verdicts count only with a `JudgeAgreement`.
    """

    name: ModelName = Field(description="Name of the judge at its endpoint.")
    revision: Revision = Field(description="Exact revision or version: another one is another judge.")
    endpoint: Endpoint = Field(
        description="Base URL of an OpenAI-compatible endpoint. Its key is a secret `JUDGE_API_KEY` of the profile, which "
        "only evaluation Jobs get."
    )
    language: Language = Field(default="en", description="Language of the judge's task around the rubric.")
    concurrency: Annotated[int, Strict(), Field(ge=1, le=256)] = Field(default=4, description="Concurrent requests.")
    requests_per_minute: Annotated[int, Strict(), Field(ge=1, le=100_000)] = Field(
        default=60, description="Requests per minute."
    )

    @property
    def path(self) -> str:
        """The judge's name in evidence, `name/revision`."""
        return f"{self.name}/{self.revision}"
