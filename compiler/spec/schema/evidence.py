"""Evidence: what was measured, one document a file of `specs/<name>/evidence/`.

Each says who or what measured it, when, and the digest of the file that the figures come from, so that a reviewer can
find it again and a compile can tell when it is stale.
"""

import datetime
from typing import Annotated, Literal

from pydantic import Field, Strict

from compiler.spec.schema.training_spec import RewardFunction
from compiler.spec.schema.types import (
    Amount,
    BadcaseClass,
    Count,
    Flag,
    MetricName,
    Model,
    Name,
    Number,
    Positive,
    RelativePath,
    Sha256,
    Share,
    Signed,
    Technique,
    Text,
)

Version = Literal["trainspec.dev/v1"]
API = Field(description="Version of the spec language.")
KIND = Field(description="Kind of the document.")


class Provenance(Model):
    """Where figures come from."""

    source: Text = Field(description="Who or what measured: a Job, a tool, a person.")
    date: datetime.date = Field(description="Day of the measurement.")
    digest: Sha256 = Field(description="SHA-256 of the file that the figures were computed from.")
    model: Text | None = Field(
        default=None,
        description="Model that the figures are of, as `name/revision`. When given, they count for no other model.",
    )
    note: Text | None = Field(default=None, description="Something that a reviewer should know.")


class Estimate(Model):
    """A measured value with its 95 % interval."""

    value: Signed = Field(description="The value.")
    low: Signed = Field(description="Lower end of the interval.")
    high: Signed = Field(description="Upper end of the interval.")


class PromptRound(Model):
    """One measured round of prompt work."""

    name: Name = Field(description="Name of the round.")
    technique: Technique = Field(description="What was changed in the prompt.")
    score: Share = Field(description="The deciding metric.")
    questions: Positive = Field(description="How many questions the score was measured on.")
    prompt: RelativePath | None = Field(default=None, description="File of the prompt.")
    date: datetime.date | None = Field(default=None, description="Day of the round, if not that of the document.")


class PromptRoundsBody(Model):
    """The prompt log, oldest round first; all rounds on the same questions."""

    metric: MetricName = Field(description="The metric of the scores.")
    rounds: list[PromptRound] = Field(min_length=1, description="Measured rounds, oldest first.")


class PromptRounds(Model):
    """What prompt work brought. The digest is that of the test set."""

    api_version: Version = API
    kind: Literal["PromptRounds"] = KIND
    metadata: Provenance = Field(description="Where the figures come from.")
    spec: PromptRoundsBody = Field(description="The prompt log.")


class Measures(Model):
    """What a probe measured; a measure that is left out was not taken."""

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
        default=None, description="Time to generate one token where the system is deployed, in milliseconds."
    )
    valid: Estimate | None = Field(default=None, description="Share of pairs in which both answers are valid.")
    win: Estimate | None = Field(default=None, description="Blind pairwise win of the preferred answer.")
    reward_spread: Estimate | None = Field(default=None, description="Share of prompts with 0 < p < 1 (reward).")
    teacher_pass_at1: Estimate | None = Field(default=None, alias="teacherPassAt1", description="Teacher's pass@1.")
    teacher_gain: Estimate | None = Field(default=None, description="Teacher − student pass@1.")


class ProbeBody(Model):
    """A probe: the model sampled on the badcases that the best prompt left."""

    model: Text = Field(description="Model probed, as `name/revision`, with `+<Job>` for each adapter merged into it.")
    prompts: Positive = Field(description="How many prompts.")
    samples: Positive = Field(description="Samples a prompt.")
    temperature: Annotated[float, Strict(), Field(ge=0, le=2)] = Field(default=0.8, description="Temperature.")
    measures: Measures = Field(description="What was measured.")


class ProbeReport(Model):
    """Measured gaps. The digest is that of the probe's samples."""

    api_version: Version = API
    kind: Literal["ProbeReport"] = KIND
    metadata: Provenance = Field(description="Where the figures come from.")
    spec: ProbeBody = Field(description="The probe.")


class Replays(Model):
    """A badcase asked again."""

    failed: Count = Field(description="Replays that failed.")
    total: Positive = Field(description="Replays made.")


class BadcaseKind(Model):
    """One kind of badcase, as labelled in the traces."""

    name: Name = Field(description="Name of the kind.")
    count: Positive = Field(description="Traces that show it.")
    intents: Positive = Field(default=1, description="Intents that it spans.")
    critical_intent: Flag = Field(default=False, description="Whether an intent that it hits is business-critical.")
    flow_control: Flag = Field(default=False, description="Whether the fault is in the agent's logic.")
    replays: Replays | None = Field(default=None, description="Typical cases asked again.")
    component: Name | None = Field(default=None, description="Component in which the first error lies.")
    first_error_share: Share | None = Field(default=None, description="That component's share of all first errors.")
    paraphrase_flip_rate: Share | None = Field(default=None, description="Share of paraphrases that flip the answer.")


class BadcaseReportBody(Model):
    """Kinds of badcases among labelled traces."""

    traces: Positive = Field(description="Labelled traces, good ones counted.")
    kinds: list[BadcaseKind] = Field(min_length=1, description="The kinds.")


class BadcaseReport(Model):
    """Measured classes of badcases. The digest is that of the labelled traces."""

    api_version: Version = API
    kind: Literal["BadcaseReport"] = KIND
    metadata: Provenance = Field(description="Where the figures come from.")
    spec: BadcaseReportBody = Field(description="The labels, counted.")


class Contract(Model):
    """Empty, malformed and huge inputs: finite, in range, one score a row."""

    cases: Positive = Field(description="Inputs tried.")
    failures: Count = Field(description="Inputs that broke the contract.")


class Repeatability(Model):
    """The same completions scored five times."""

    scorer: Literal["code", "judge"] = Field(description="What gives the score.")
    rows: Positive = Field(description="Completions scored.")
    flips: Count = Field(description="Completions whose verdict or score changed.")


class Discrimination(Model):
    """Human fix against badcase."""

    pairs: Positive = Field(description="Pairs.")
    auc: Share = Field(description="Area under the ROC curve.")
    paired_win: Share = Field(description="Share of pairs in which the fix scores higher.")


class Agreement(Model):
    """Verdicts of the reward against people's."""

    positives: Count = Field(description="Rows that people call right.")
    negatives: Count = Field(description="Rows that people call wrong.")
    tpr: Share = Field(description="Share of right rows that the reward accepts.")
    tnr: Share = Field(description="Share of wrong rows that the reward rejects.")


class Alignment(Model):
    """Reward against the evaluation metric."""

    outputs: Positive = Field(description="Outputs compared.")
    spearman: Signed = Field(description="Spearman's rank correlation.")


class Hack(Model):
    """An answer that should score low: empty, padding, repetition, prompt echo, truncation, "Thought process:"."""

    probe: Text = Field(description="What was tried.")
    share_of_maximum: Share = Field(description="Its mean score over the maximum.")


class Signal(Model):
    """What the present policy can learn from."""

    prompts: Positive = Field(description="Prompts, each a group.")
    samples: Positive = Field(description="Samples a prompt.")
    spread_share: Share = Field(description="Share of groups whose scores differ.")


class LengthBias(Model):
    """Reward against length, correctness held fixed."""

    partial_correlation: Signed = Field(description="Partial correlation.")


class PreflightBody(Model):
    """The eight checks; one that is left out was not made, and does not pass."""

    functions: list[RewardFunction] = Field(
        default=[], description="Terms of the reward that was checked, as the spec has them; none for a reward model."
    )
    code: dict[str, Sha256] = Field(
        default={},
        description="SHA-256 of each file that the terms are made of, by its path, as `reward_code` of the stage has it.",
    )
    contract: Contract | None = Field(default=None, description="Odd inputs.")
    repeatability: Repeatability | None = Field(default=None, description="Same input, same score.")
    discrimination: Discrimination | None = Field(default=None, description="Fix against badcase.")
    human_agreement: Agreement | None = Field(default=None, description="Reward against people.")
    alignment: Alignment | None = Field(default=None, description="Reward against the metric.")
    hack_resistance: list[Hack] | None = Field(default=None, min_length=1, description="Attempts to fool it.")
    signal: Signal | None = Field(default=None, description="Spread within groups.")
    length_bias: LengthBias | None = Field(default=None, description="Preference for long answers.")


class RewardPreflight(Model):
    """The reward, examined before reinforcement learning. The digest is that of the scored rows."""

    api_version: Version = API
    kind: Literal["RewardPreflight"] = KIND
    metadata: Provenance = Field(description="Where the figures come from.")
    spec: PreflightBody = Field(description="The checks.")


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
