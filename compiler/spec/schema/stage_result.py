"""`StageResult`: the measurements of a stage's evaluation."""

from typing import Literal

from pydantic import Field

from compiler.spec.schema.provenance import KIND, Estimate, EvidenceDocument
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
from runtime.contract.judging import Language
from runtime.contract.outputs import Verdict


class Judged(Model):
    """The verdicts of a judge, before they were corrected for its errors."""

    judge: Text = Field(description="The judge, as `name/revision`.")
    language: Language = Field(default="en", description="Language of the judge's task.")
    rubric: Sha256 = Field(description="SHA-256 of the rubric.")
    unjudged: Count = Field(default=0, description="Answers without a verdict.")
    raw: Estimate | None = Field(
        default=None,
        description="Share of answers that the judge passes, if `value` is corrected; without it, the value does not count.",
    )


class MetricResult(Model):
    """A metric of an evaluation."""

    name: MetricName = Field(description="Name of the metric.")
    value: Share = Field(description="Its value.")
    low: Share = Field(description="Lower end of the 95 % interval.")
    high: Share = Field(description="Upper end of the 95 % interval.")
    judged: Judged | None = Field(default=None, description="The judge's verdicts, for a metric with `use: judge`.")


class Measured(Model):
    """A measured amount with its 95 % interval."""

    value: Number = Field(description="The amount.")
    low: Number = Field(description="Lower end of the interval.")
    high: Number = Field(description="Upper end of the interval.")


class FixRate(Model):
    """Badcases answered right, by the deciding metric."""

    fixed: Count = Field(description="Badcases answered right.")
    total: Positive = Field(description="All badcases of the evaluation.")
    low: Share = Field(description="Lower end of the 95 % interval of the share.")
    high: Share = Field(description="Upper end of the 95 % interval of the share.")


class ClassFixRate(FixRate):
    """Badcases of one class."""

    name: BadcaseClass = Field(description="The class.")


class Badcases(FixRate):
    """Badcases, evaluated again."""

    classes: list[ClassFixRate] = Field(min_length=1, description="The same, by class.")
    gain: Estimate | None = Field(default=None, description="Paired gain over the previous stage; none for the base.")


class Broken(Model):
    """Held-out questions that the previous stage answered right, and this one answers wrong."""

    count: Count = Field(description="Number of such questions.")
    fixed: Count = Field(description="Number of questions that only this stage answers right.")
    ids: list[Text] = Field(default=[], max_length=100, description="Ids of the first 100 broken questions.")


class GeneralCheck(Model):
    """General ability, by one measure."""

    measure: MetricName = Field(description="A metric of general questions, or `bits_per_byte` of general text.")
    total: Positive = Field(description="Number of questions or texts.")
    score: Measured = Field(description="Value of the measure; for bits per byte, less is better.")
    gain: Measured | None = Field(
        default=None,
        description="Paired gain over the previous stage: points for answers, shares for bits. Below 0 is a loss.",
    )


class Tokens(Model):
    """Token counts of the held-out questions and their answers."""

    prompt: Amount = Field(description="Mean length of a prompt.")
    answer: Amount = Field(description="Mean length of an answer.")
    cut: Count = Field(description="Answers cut at `evaluation.maxNewTokens`.")


class Latency(Model):
    """Seconds from the start of a batch to the last token of an answer, on the hardware of the evaluation."""

    mean: Amount = Field(description="Mean.")
    p50: Amount = Field(description="Median.")
    p95: Amount = Field(description="95th percentile.")
    batch_size: Positive = Field(description="Prompts per batch.")


class WithoutChain(Model):
    """The same questions, answered without the reasoning chain that the model has learnt."""

    score: Measured = Field(description="Deciding metric without the chain.")
    chain_gain: Estimate = Field(description="Score with the chain − without it, paired.")
    p_value: Share = Field(description="McNemar's exact p of `chainGain`.")
    chain_tokens: Amount = Field(description="Mean tokens of an answer with the chain.")
    tokens: Amount = Field(description="Mean tokens of an answer without the chain.")


class StageResultBody(Model):
    """Result of an evaluation stage."""

    job: Name = Field(description="Evaluation Job; its name ends with the hash of its inputs.")
    ran_in: Literal["plan", "elsewhere"] | None = Field(
        default=None,
        description="`elsewhere`: another pipeline ran the stage. By default `plan` if the Job's name is one of this plan.",
    )
    order: Positive = Field(description="Position of the Job in its plan, from 1.")
    method: Name | None = Field(default=None, description="Training method of the evaluated model; none for the base.")
    model: Text = Field(description="Base model, as `name/revision`.")
    adapters: list[Text] = Field(
        default=[], description="Adapters merged into the model, in order. Base model and adapters are what you deploy."
    )
    evaluation: Sha256 = Field(description="SHA-256 of the evaluation data.")
    questions: Positive = Field(description="Rows evaluated.")
    metrics: list[MetricResult] = Field(min_length=1, description="Metrics, deciding one first.")
    gain: Estimate | None = Field(default=None, description="Paired gain over the previous stage; none for the base.")
    gate: Verdict = Field(description="Verdict of the gate.")
    reason: Text | None = Field(default=None, description="Reason for the verdict.")
    badcases: Badcases | None = Field(default=None, description="Badcases, evaluated again.")
    broken: Broken | None = Field(default=None, description="Held-out questions newly answered wrong.")
    general: list[GeneralCheck] = Field(default=[], description="Checks of general ability.")
    tokens: Tokens | None = Field(default=None, description="Length of prompts and answers.")
    latency: Latency | None = Field(default=None, description="Response time, in seconds.")
    without_chain: WithoutChain | None = Field(
        default=None, description="Comparison with answers without the reasoning chain."
    )


class StageResult(EvidenceDocument):
    """Measurements of a finished stage. The digest is that of its `metrics.json`."""

    kind: Literal["StageResult"] = KIND
    spec: StageResultBody = Field(description="The result.")
