"""`StageResult`: what the evaluation of a stage measured."""

from typing import Literal

from pydantic import Field

from compiler.spec.schema.provenance import API, KIND, Estimate, Provenance, Version
from compiler.spec.schema.types import (
    Amount,
    BadcaseClass,
    Count,
    MetricName,
    Model,
    Name,
    Number,
    Positive,
    Sha256,
    Share,
    Text,
)


class MetricResult(Model):
    """A metric of an evaluation."""

    name: MetricName = Field(description="Metric.")
    value: Share = Field(description="Its value.")
    low: Share = Field(description="Lower end of the 95 % interval.")
    high: Share = Field(description="Upper end of the 95 % interval.")


class Measured(Model):
    """A measured amount with its 95 % interval."""

    value: Number = Field(description="The amount.")
    low: Number = Field(description="Lower end of the interval.")
    high: Number = Field(description="Upper end of the interval.")


class FixRate(Model):
    """How many badcases are answered right, by the deciding metric."""

    fixed: Count = Field(description="Badcases answered right.")
    total: Positive = Field(description="Badcases asked.")
    low: Share = Field(description="Lower end of the 95 % interval of the share.")
    high: Share = Field(description="Upper end of the 95 % interval of the share.")


class ClassFixRate(FixRate):
    """The badcases of one class."""

    name: BadcaseClass = Field(description="The class.")


class Badcases(FixRate):
    """Badcases, asked again."""

    classes: list[ClassFixRate] = Field(min_length=1, description="The same by class.")
    gain: Estimate | None = Field(default=None, description="Gain over the stage before, paired; none for the base.")


class Broken(Model):
    """Held-out questions that the stage before answered right, and this one does not."""

    count: Count = Field(description="How many.")
    fixed: Count = Field(description="How many it is the other way round with.")
    ids: list[Text] = Field(default=[], max_length=100, description="Their ids, the first hundred.")


class GeneralCheck(Model):
    """What is left of general ability, by one measure."""

    measure: MetricName = Field(description="A metric of general questions, or `bits_per_byte` of general text.")
    total: Positive = Field(description="Questions or texts.")
    score: Measured = Field(description="The measure; of bits per byte, less is better.")
    gain: Measured | None = Field(
        default=None,
        description="Gain over the stage before, paired: of answers in points, of bits in shares. Below 0 is a loss.",
    )


class Tokens(Model):
    """Tokens of the held-out questions and their answers."""

    prompt: Amount = Field(description="Mean of a prompt.")
    answer: Amount = Field(description="Mean of an answer.")
    cut: Count = Field(description="Answers that were cut at `evaluation.maxNewTokens`.")


class Latency(Model):
    """Seconds from the start of a batch until an answer's last token, where the evaluation ran."""

    mean: Amount = Field(description="Mean.")
    p50: Amount = Field(description="Median.")
    p95: Amount = Field(description="95th percentile.")
    batch_size: Positive = Field(description="Prompts answered at a time.")


class WithoutChain(Model):
    """The same questions answered at once, without the chain that the model has learnt to write."""

    score: Measured = Field(description="The deciding metric without the chain.")
    chain_gain: Estimate = Field(description="With the chain − without it, paired.")
    p_value: Share = Field(description="McNemar's exact p of the gain.")
    chain_tokens: Amount = Field(description="Mean tokens of an answer with the chain.")
    tokens: Amount = Field(description="Mean tokens of an answer without it.")


class StageResultBody(Model):
    """What an evaluation stage found."""

    job: Name = Field(description="The evaluation Job, whose name ends in the hash of its inputs.")
    order: Positive = Field(description="Place of the Job in its plan, from 1.")
    method: Name | None = Field(default=None, description="Training method that was evaluated; none for the base.")
    model: Text = Field(description="Base model, as `name/revision`.")
    adapters: list[Text] = Field(
        default=[], description="Adapters merged into the model, in order: what is to be deployed if it is good enough."
    )
    evaluation: Sha256 = Field(description="SHA-256 of the evaluation data.")
    questions: Positive = Field(description="Rows evaluated.")
    metrics: list[MetricResult] = Field(min_length=1, description="Metrics, the deciding one first.")
    gain: Estimate | None = Field(default=None, description="Gain over the stage before, paired; none for the base.")
    gate: Literal["continue", "target-met", "no-gain"] = Field(description="Verdict of the gate.")
    reason: Text | None = Field(default=None, description="Why the gate decided so.")
    badcases: Badcases | None = Field(default=None, description="Badcases, asked again.")
    broken: Broken | None = Field(default=None, description="Questions newly answered wrong.")
    general: list[GeneralCheck] = Field(default=[], description="What is left of general ability.")
    tokens: Tokens | None = Field(default=None, description="Length of prompts and answers.")
    latency: Latency | None = Field(default=None, description="Time of an answer, in seconds.")
    without_chain: WithoutChain | None = Field(default=None, description="What the chain is worth.")


class StageResult(Model):
    """A finished stage of a plan, measured. The digest is that of its `metrics.json`."""

    api_version: Version = API
    kind: Literal["StageResult"] = KIND
    metadata: Provenance = Field(description="Where the figures come from.")
    spec: StageResultBody = Field(description="The result.")
