"""Thresholds of the selection rules, each with its source. A spec may override them."""

from typing import Annotated

from pydantic import Field, Strict

from compiler.spec.schema.types import Model, Positive, Share


class Thresholds(Model):
    """Limits of the selection rules. A plan shows each limit that its spec changes."""

    min_badcases: Positive = Field(
        default=30, description="Labelled badcases for an analysis (G3). Derived: shares get usable intervals."
    )
    min_questions: Positive = Field(
        default=30, description="Questions of a prompt round for its score to count (P0). Derived, as for badcases."
    )
    plateau_rounds: Positive = Field(
        default=2, description="Number of latest prompt rounds without a gain that make a plateau (P0). Derived."
    )
    plateau_min_gain: Share = Field(default=0.02, description="Smallest gain that counts (P0, M5). Derived.")
    min_demonstrations: Positive = Field(
        default=50, description="Demonstrations for SFT; with fewer: few-shot prompts or augmentation (M2)."
    )
    min_pairs: Positive = Field(
        default=30, description="Pairs with different answers for DPO (M3, D1). Derived; 500 or more are usual."
    )
    min_chains: Positive = Field(
        default=50, description="Reasoning chains for CoT (M4). Derived, as for demonstrations; 800 are usual."
    )
    min_corpus_bytes: Positive = Field(
        default=10_000_000, description="UTF-8 bytes of text for continued pre-training; with less: RAG (M1)."
    )
    min_prompts: Positive = Field(
        default=30, description="Prompts for reinforcement learning (M5). Derived; 200 to 2,000 are usual."
    )
    near_pair_distance: Share = Field(
        default=0.1, description="Normalised edit distance below which pairs are filtered (D3, arXiv 2410.08847)."
    )
    near_pair_share: Share = Field(
        default=0.2, description="Share of near pairs above which the `sft` loss is added too (D3). Derived."
    )
    probe_prompts: Positive = Field(default=100, description="Prompts that a probe needs to count (D11).")
    probe_samples: Positive = Field(default=16, description="Samples per prompt that a probe needs to count (D11).")
    open_book: Share = Field(
        default=0.5, description="Open-book pass@1 below it, together with `control`: unknown domain (M1)."
    )
    control: Share = Field(
        default=0.7, description="pass@1 on general questions at or above it, together with `openBook` (M1)."
    )
    recall: Share = Field(
        default=0.3, description="Open-book − closed-book pass@1 at or above it: only recall is missing, so RAG (M1)."
    )
    unstable_pass: Share = Field(default=0.7, description="pass@16 at or above it, together with `unstableGain` (M2).")
    unstable_gain: Share = Field(default=0.25, description="pass@16 − pass@1 at or above it: unstable (M2).")
    chain_gain: Share = Field(default=0.1, description="pass@1 with a chain − direct at or above it: reasoning (M4).")
    chain_p_value: Share = Field(default=0.05, description="McNemar's p below it, together with `chainGain` (M4).")
    valid: Share = Field(
        default=0.9,
        description="Share of pairs with two valid answers at or above it, together with `win`: preference (M3).",
    )
    win: Share = Field(default=0.65, description="Blind pairwise win of the preferred answer at or above it (M3).")
    reward_spread: Share = Field(
        default=0.4,
        description="Share of prompts solved sometimes but not always, at or above it: GRPO is allowed (M5).",
    )
    agreement: Share = Field(
        default=0.8, description="Agreement of a prompt's samples at or above it, below the target: untaught (M7)."
    )
    sometimes: Share = Field(
        default=0.3,
        description="pass@16 at or above it: the model succeeds at times, so pairs of right and wrong teach (M3).",
    )
    component_share: Share = Field(
        default=0.4,
        description="Share of first errors of a component other than the model, at or above it: fix it (C1).",
    )
    power: Annotated[float, Strict(), Field(ge=0.5, le=0.99)] = Field(
        default=0.8, description="Probability with which the test set shall detect the gain that a plan needs (E1)."
    )
    discordance: Share = Field(
        default=0.2,
        description="Share of questions whose verdict a stage changes, until a finished stage has measured it (E1). Derived.",
    )
    near_zero_pass: Share = Field(
        default=0.05, description="pass@16 below it: the base model never succeeds (D7, arXiv 2504.13837). Derived."
    )
    teacher_gain: Share = Field(default=0.15, description="Teacher − student pass@1 at or above it: compression (M6).")
    critical_replays: Positive = Field(
        default=3, description="Failed replays of 5 of a critical intent, at or above it: critical (P1)."
    )
    systemic_share: Share = Field(
        default=0.4,
        description="Share of first errors of one component, at or above it, together with `systemicIntents`: systemic (P3).",
    )
    systemic_intents: Positive = Field(
        default=3,
        description="Intents that a kind affects, at or above it, together with `systemicShare`: systemic (P3).",
    )
    paraphrase_flips: Share = Field(default=0.2, description="Paraphrase flip rate at or above it: systemic (P3).")
    frequent_share: Share = Field(
        default=0.05, description="Wilson lower bound of a kind's share of traces at or above it: high-frequency (P1)."
    )
    sporadic_share: Share = Field(
        default=0.02, description="Wilson upper bound of a kind's share of traces below it: sporadic (P2)."
    )
    sporadic_replays: Positive = Field(default=1, description="Failed replays of 5 at or below it: sporadic (P2).")
