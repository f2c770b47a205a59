"""`RewardPreflight`: the eight checks of a reward."""

from typing import Literal

from pydantic import Field

from compiler.spec.schema.provenance import KIND, EvidenceDocument
from compiler.spec.schema.training_spec import RewardFunction
from compiler.spec.schema.types import (
    Count,
    Model,
    Positive,
    Sha256,
    Share,
    Signed,
    Text,
)


class Contract(Model):
    """Empty, malformed and huge inputs must get finite scores in range, one per row."""

    cases: Positive = Field(description="Inputs tried.")
    failures: Count = Field(description="Inputs that broke the contract.")


class Repeatability(Model):
    """The same completions scored five times."""

    scorer: Literal["code", "judge"] = Field(description="Source of the score.")
    rows: Positive = Field(description="Completions scored.")
    flips: Count = Field(description="Completions whose verdict or score changed.")


class Discrimination(Model):
    """Comparison of human fixes with badcases."""

    pairs: Positive = Field(description="Pairs.")
    auc: Share = Field(description="Area under the ROC curve.")
    paired_win: Share = Field(description="Share of pairs in which the fix scores higher.")


class Agreement(Model):
    """Comparison of the reward's verdicts with human verdicts."""

    positives: Count = Field(description="Rows that people call right.")
    negatives: Count = Field(description="Rows that people call wrong.")
    tpr: Share = Field(description="Share of right rows that the reward accepts.")
    tnr: Share = Field(description="Share of wrong rows that the reward rejects.")


class Alignment(Model):
    """Comparison of the reward with the evaluation metric."""

    outputs: Positive = Field(description="Outputs compared.")
    spearman: Signed = Field(description="Spearman's rank correlation.")


class Hack(Model):
    """An answer that should score low: empty, padding, repetition, prompt echo, truncation, "Thought process:"."""

    probe: Text = Field(description="Kind of answer.")
    share_of_maximum: Share = Field(description="Its mean score over the maximum.")


class Signal(Model):
    """Prompts that the current policy can learn from."""

    prompts: Positive = Field(description="Prompts, one group each.")
    samples: Positive = Field(description="Samples per prompt.")
    spread_share: Share = Field(description="Share of groups whose scores differ.")


class LengthBias(Model):
    """Correlation of the reward with length at fixed correctness."""

    partial_correlation: Signed = Field(description="Partial correlation.")


class PreflightBody(Model):
    """The eight checks; an omitted check was not run, and does not pass."""

    functions: list[RewardFunction] = Field(
        default=[], description="Terms of the checked reward, as in the spec; none for a reward model."
    )
    code: dict[str, Sha256] = Field(
        default={},
        description="SHA-256 of each file that the terms read, by its path, as in `reward_code` of the stage.",
    )
    contract: Contract | None = Field(default=None, description="Unusual inputs.")
    repeatability: Repeatability | None = Field(default=None, description="Same input, same score.")
    discrimination: Discrimination | None = Field(default=None, description="Fixes compared with badcases.")
    human_agreement: Agreement | None = Field(default=None, description="Reward compared with people.")
    alignment: Alignment | None = Field(default=None, description="Reward compared with the metric.")
    hack_resistance: list[Hack] | None = Field(default=None, min_length=1, description="Attempts to fool the reward.")
    signal: Signal | None = Field(default=None, description="Spread within groups.")
    length_bias: LengthBias | None = Field(default=None, description="Preference for long answers.")


class RewardPreflight(EvidenceDocument):
    """Checks of the reward before reinforcement learning. The digest is that of the scored rows."""

    kind: Literal["RewardPreflight"] = KIND
    spec: PreflightBody = Field(description="The checks.")
