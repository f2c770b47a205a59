"""SEL3xx: what the selection rules have to tell."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "SEL302": Code(
        "warning",
        "method is blocked",
        "The gap asks for a method that the evidence does not allow yet; the plan goes without it.",
        "Do what the rule names first.",
    ),
    "SEL303": Code(
        "warning",
        "pairs are off-policy",
        "Answers of another model teach the present one less (rule D4).",
        "Collect badcases again with the present model and prompt.",
    ),
    "SEL304": Code(
        "warning",
        "chosen and rejected are nearly the same",
        "DPO on such pairs can lower the likelihood of both (rule D3, arXiv 2410.08847).",
        "Filter them, or add the `sft` loss.",
    ),
    "SEL305": Code(
        "warning",
        "method was replaced",
        "The data does not allow the method that the gap asks for, so a cheaper one is used.",
        "Review the replacement in PLAN.md.",
    ),
    "SEL308": Code(
        "warning",
        "declared gap was measured to be absent",
        "What a probe measured counts, not what is believed (rule D11).",
        "Remove the gap, or keep it with `override`, a reason and an owner.",
    ),
    "SEL309": Code(
        "warning",
        "gap is kept against its measurement",
        "Somebody answers for a decision that the figures do not bear out (rule D11).",
        "Have a reviewer agree to the reason, or measure again.",
    ),
    "SEL310": Code(
        "warning",
        "gap is declared, but not measured",
        "A gap may be declared, and should be measured: the method depends on it (rule D11).",
        "Run the probe, and commit its report as evidence.",
    ),
    "SEL311": Code(
        "warning",
        "facts would be taught by sft alone",
        "New facts through SFT alone raise hallucination (rule D10, arXiv 2405.05904).",
        "Put the facts into the prompt by retrieval, or pre-train on the corpus first.",
    ),
    "SEL312": Code(
        "warning",
        "reward passes weakly",
        "A check of the reward lies between what passes and what blocks; the policy will find the weak spot.",
        "Watch it during training, or mend the reward first.",
    ),
}
