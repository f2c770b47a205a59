"""The judge in a stage config: its endpoint, its rubrics, and its agreement with people."""

from typing import Annotated, Literal

from pydantic import Field

from runtime.contract.agreement import Agreement
from runtime.contract.blocks import Block, Positive

KEY_VARIABLE = "JUDGE_API_KEY"
MAX_UNJUDGED = 0.05  # the share of answers without a verdict that a score may leave out
Language = Literal["en", "zh"]


class AgreementBlock(Block):
    """The counts of people's labels against the judge's verdicts, from a `JudgeAgreement` of the spec."""

    true_pass: Annotated[int, Field(ge=0)]
    false_fail: Annotated[int, Field(ge=0)]
    false_pass: Annotated[int, Field(ge=0)]
    true_fail: Annotated[int, Field(ge=0)]

    @property
    def counts(self) -> Agreement:
        """The counts as an agreement."""
        return Agreement(**self.model_dump())


class JudgeBlock(Block):
    """The judge behind an OpenAI-compatible endpoint.

    `agreements` are by metric; a judged metric without one is measured, and never decides.
    """

    endpoint: str
    name: str
    revision: str
    language: Language = "en"
    concurrency: Positive = 4
    requests_per_minute: Positive = 60
    agreements: dict[str, AgreementBlock] = Field(default={})

    @property
    def path(self) -> str:
        """The judge's name in reports and evidence."""
        return f"{self.name}/{self.revision}"
