"""Evidence: measurements, one document per file of `specs/<name>/evidence/`. `EVIDENCE` lists the kinds.

Each document names its source, its date, and the digest of the file with the raw figures, so that a reviewer can find
that file and the compiler can detect stale evidence.
"""

import datetime
from typing import Annotated, Literal

from pydantic import Field, Strict

from compiler.spec.schema.data_card import DataCard
from compiler.spec.schema.preflight import RewardPreflight
from compiler.spec.schema.provenance import KIND, Estimate, EvidenceDocument
from compiler.spec.schema.stage_result import Measured, StageResult
from compiler.spec.schema.types import (
    Count,
    Decoding,
    Flag,
    KindName,
    MetricName,
    Model,
    Name,
    Positive,
    RelativePath,
    Sha256,
    Share,
    Technique,
    Temperature,
    Text,
)
from runtime.contract.judging import Language


class PromptRound(Model):
    """One measured round of prompt work."""

    name: Name = Field(description="Name of the round.")
    technique: Technique = Field(description="What the round changed in the prompt.")
    score: Share = Field(description="Value of the metric.")
    questions: Positive = Field(description="Number of questions that the score was measured on.")
    prompt: RelativePath | None = Field(default=None, description="File of the prompt.")
    prompt_digest: Sha256 | None = Field(
        default=None,
        description="SHA-256 of the prompt. A log that begins with a known prompt adds no round for it (P0).",
    )
    low: Share | None = Field(default=None, description="Lower end of the 95 % interval of the score.")
    high: Share | None = Field(default=None, description="Upper end of the 95 % interval of the score.")
    decoding: Decoding | None = Field(default=None, description="Decoding of the round, if it differs.")
    date: datetime.date | None = Field(
        default=None, description="Date of the round, if it differs from the document's."
    )


class PromptRoundsBody(Model):
    """The prompt log: rounds on the same questions, oldest first."""

    metric: MetricName = Field(description="Metric of the scores, one of the goal's.")
    decoding: Decoding | None = Field(default=None, description="Decoding of the rounds; by default that of the spec.")
    rounds: list[PromptRound] = Field(min_length=1, description="Measured rounds, oldest first.")


class PromptRounds(EvidenceDocument):
    """Results of prompt work. The digest is that of the test set."""

    kind: Literal["PromptRounds"] = KIND
    spec: PromptRoundsBody = Field(description="The prompt log.")


class Measures(Model):
    """Measures of a probe; an omitted measure was not taken."""

    pass_at1: Estimate | None = Field(default=None, alias="passAt1", description="pass@1 of the model.")
    pass_at16: Estimate | None = Field(default=None, alias="passAt16", description="pass@16 of the model.")
    unstable_gain: Estimate | None = Field(default=None, description="pass@16 − pass@1.")
    open_book: Estimate | None = Field(default=None, description="pass@1 with the gold passage in the prompt.")
    control: Estimate | None = Field(default=None, description="pass@1 on general questions.")
    recall_gain: Estimate | None = Field(default=None, description="Open-book − closed-book pass@1.")
    chain_gain: Estimate | None = Field(default=None, description="pass@1 with a chain − direct.")
    chain_p_value: Share | None = Field(default=None, description="McNemar's p of `chainGain`.")
    chain_tokens: Count | None = Field(default=None, description="95th percentile of a chain's tokens.")
    ms_per_token: Annotated[float, Strict(), Field(gt=0)] | None = Field(
        default=None, description="Milliseconds to generate one token in the deployed system."
    )
    agreement: Estimate | None = Field(
        default=None, description="Mean share of the samples of a prompt that give its most frequent answer."
    )
    gold_output: Estimate | None = Field(
        default=None, description="pass@1 with the gold output of the components that are not the model."
    )
    valid: Estimate | None = Field(default=None, description="Share of pairs in which both answers are valid.")
    win: Estimate | None = Field(default=None, description="Blind pairwise win of the preferred answer.")
    reward_spread: Estimate | None = Field(default=None, description="Share of prompts with 0 < p < 1 (reward).")
    teacher_pass_at1: Estimate | None = Field(default=None, alias="teacherPassAt1", description="Teacher's pass@1.")
    teacher_gain: Estimate | None = Field(default=None, description="Teacher − student pass@1.")


class ProbeBody(Model):
    """A probe: samples of the model on the badcases that the best prompt leaves."""

    model: Text = Field(description="Model probed, as `name/revision`, with `+<Job>` for each adapter merged into it.")
    prompts: Positive = Field(description="Number of prompts.")
    planned: Positive | None = Field(
        default=None,
        description="Prompts that a probe Job would have asked, had not every verdict been clear before. Its intervals "
        "allow for such a stop.",
    )
    data: list[Sha256] = Field(
        default=[], description="SHA-256 of the files of badcases that were probed: with them, a probe can be verified."
    )
    samples: Positive = Field(description="Samples per prompt.")
    temperature: Temperature = Field(default=0.8, description="Sampling temperature.")
    constrained: Flag = Field(default=False, description="Whether a grammar or a JSON Schema constrained the output.")
    measures: Measures = Field(description="What was measured.")


class ProbeReport(EvidenceDocument):
    """Measured gaps. The digest is that of the probe's samples."""

    kind: Literal["ProbeReport"] = KIND
    spec: ProbeBody = Field(description="The probe.")


class Replays(Model):
    """Replays of a badcase's questions."""

    failed: Count = Field(description="Replays that failed.")
    total: Positive = Field(description="All replays.")


class BadcaseKind(Model):
    """One kind of badcase, as labelled in the traces."""

    name: KindName = Field(description="Name of the kind.")
    count: Positive = Field(description="Traces that show it.")
    intents: Positive = Field(default=1, description="Intents that it affects.")
    critical_intent: Flag = Field(default=False, description="Whether one of these intents is business-critical.")
    flow_control: Flag = Field(default=False, description="Whether the fault is in the agent's logic.")
    replays: Replays | None = Field(default=None, description="Replays of typical cases.")
    component: KindName | None = Field(default=None, description="Component that makes the first error.")
    first_error_share: Share | None = Field(default=None, description="That component's share of all first errors.")
    paraphrase_flip_rate: Share | None = Field(default=None, description="Share of paraphrases that flip the answer.")


class BadcaseReportBody(Model):
    """Kinds of badcases among labelled traces."""

    traces: Positive = Field(description="Labelled traces, including good ones.")
    kinds: list[BadcaseKind] = Field(min_length=1, description="The kinds.")


class BadcaseReport(EvidenceDocument):
    """Kinds of badcases, counted. The digest is that of the labelled traces."""

    kind: Literal["BadcaseReport"] = KIND
    spec: BadcaseReportBody = Field(description="Counts of the labels.")


class ServingBody(Model):
    """The deployed system under its usual load."""

    requests: Positive = Field(description="Requests measured.")
    latency_ms: Measured | None = Field(default=None, description="95th percentile of the response time.")
    cost_usd: Measured | None = Field(default=None, description="Cost of 1,000 requests, in US dollars.")


class ServingReport(EvidenceDocument):
    """Latency and cost of serving the model. The digest is that of the log of the requests."""

    kind: Literal["ServingReport"] = KIND
    spec: ServingBody = Field(description="What was measured.")


class JudgeAgreementBody(Model):
    """The verdicts of a judge on answers that people labelled."""

    metric: MetricName = Field(description="Judged metric of the goal.")
    judge: Text = Field(description="The judge, as `name/revision`.")
    language: Language = Field(default="en", description="Language of the judge's task.")
    rubric: Sha256 = Field(description="SHA-256 of the rubric. The counts hold for no other one.")
    true_pass: Count = Field(description="Answers that people and the judge pass.")
    false_fail: Count = Field(description="Answers that people pass and the judge fails.")
    false_pass: Count = Field(description="Answers that people fail and the judge passes.")
    true_fail: Count = Field(description="Answers that people and the judge fail.")
    unjudged: Count = Field(default=0, description="Answers without a verdict of the judge.")


class JudgeAgreement(EvidenceDocument):
    """Agreement of a judge with people, which its verdicts are corrected by. The digest is that of the labelled answers.

    It counts with 30 labels of each class, and if the judge is better than chance.
    """

    kind: Literal["JudgeAgreement"] = KIND
    spec: JudgeAgreementBody = Field(description="Counts of labels against verdicts.")


EVIDENCE: tuple[type[EvidenceDocument], ...] = (
    BadcaseReport,
    DataCard,
    JudgeAgreement,
    ProbeReport,
    PromptRounds,
    RewardPreflight,
    ServingReport,
    StageResult,
)
