"""The numbers that the rules compare with: one table, each with its source. A spec may set others."""

from pydantic import Field

from compiler.spec.schema.types import Model, Positive, Share


class Thresholds(Model):
    """Limits of the selection rules. A spec that changes one shows it in its plan."""

    min_badcases: Positive = Field(
        default=30, description="Labelled badcases that show what is wrong (G3). Derived: shares get usable intervals."
    )
    min_questions: Positive = Field(
        default=30, description="Questions of a prompt round whose score counts (P0). Derived, as for badcases."
    )
    plateau_rounds: Positive = Field(
        default=2, description="Latest prompt rounds that must bring no gain (P0). Derived."
    )
    plateau_min_gain: Share = Field(default=0.02, description="A smaller gain counts as none (P0, M5). Derived.")
    min_demonstrations: Positive = Field(
        default=50, description="Demonstrations for SFT; fewer: few-shot or augmentation (M2)."
    )
    min_pairs: Positive = Field(
        default=30, description="Pairs whose answers differ, for DPO (M3, D1). Derived; 500 and more are usual."
    )
    min_chains: Positive = Field(
        default=50, description="Reasoning chains for CoT (M4). Derived, as for demonstrations; 800 are usual."
    )
    min_corpus_bytes: Positive = Field(
        default=10_000_000, description="UTF-8 bytes of text for continued pre-training (M1); less: RAG."
    )
    min_prompts: Positive = Field(
        default=30, description="Prompts for reinforcement learning (M5). Derived; 200 to 2,000 are usual."
    )
    near_pair_distance: Share = Field(
        default=0.1, description="Pairs closer than this normalised edit distance are filtered (D3, arXiv 2410.08847)."
    )
    near_pair_share: Share = Field(
        default=0.2, description="Share of such pairs above which the `sft` loss is added instead (D3). Derived."
    )
    probe_prompts: Positive = Field(default=100, description="Prompts of a probe that counts (D11).")
    probe_samples: Positive = Field(default=16, description="Samples a prompt of a probe that counts (D11).")
    open_book: Share = Field(default=0.5, description="Open-book pass@1 below it, with `control`: domain unknown (M1).")
    control: Share = Field(default=0.7, description="General control at or above it, with `openBook` (M1).")
    recall: Share = Field(
        default=0.3, description="Open-book minus closed-book at or above it: recall only, so RAG (M1)."
    )
    unstable_pass: Share = Field(default=0.7, description="pass@16 at or above it, with `unstableGain` (M2).")
    unstable_gain: Share = Field(default=0.25, description="pass@16 − pass@1 at or above it: unstable (M2).")
    chain_gain: Share = Field(default=0.1, description="pass@1 with a chain − direct at or above it: reasoning (M4).")
    chain_p_value: Share = Field(default=0.05, description="McNemar's p below it, with `chainGain` (M4).")
    valid: Share = Field(default=0.9, description="Share of pairs of valid answers, with `win`: preference (M3).")
    win: Share = Field(default=0.65, description="Blind pairwise win of the preferred style at or above it (M3).")
    reward_spread: Share = Field(
        default=0.4, description="Share of prompts solved sometimes, not always, at or above it: GRPO allowed (M5)."
    )
    near_zero_pass: Share = Field(
        default=0.05, description="pass@16 below it: the base never succeeds (D7, arXiv 2504.13837). Derived."
    )
    teacher_gain: Share = Field(default=0.15, description="Teacher − student pass@1 at or above it (M6).")
    critical_replays: Positive = Field(default=3, description="Failed replays, of 5, of a critical intent (P1).")
    systemic_share: Share = Field(default=0.4, description="One component's share of first errors (P3).")
    systemic_intents: Positive = Field(default=3, description="Intents that it spans (P3).")
    paraphrase_flips: Share = Field(default=0.2, description="Paraphrase flip rate at or above it: systemic (P3).")
    frequent_share: Share = Field(default=0.05, description="Wilson lower bound of a frequent class's share (P1).")
    sporadic_share: Share = Field(default=0.02, description="Wilson upper bound of a sporadic class's share (P2).")
    sporadic_replays: Positive = Field(default=1, description="At most so many failed replays, of 5: sporadic (P2).")
