"""SEL3xx: warnings of the selection rules."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "SEL302": Code(
        "warning",
        "method is blocked",
        "The gap needs a method that the evidence does not allow yet; the plan omits it.",
        "Follow the rule's advice first.",
    ),
    "SEL303": Code(
        "warning",
        "pairs are off-policy",
        "The model learns less from the answers of another model (rule D4).",
        "Collect badcases again with the current model and prompt.",
    ),
    "SEL304": Code(
        "warning",
        "chosen and rejected answers are nearly the same",
        "DPO on such pairs can lower the likelihood of both (rule D3, arXiv 2410.08847).",
        "Filter the pairs, or add the `sft` loss.",
    ),
    "SEL305": Code(
        "warning",
        "method was replaced",
        "The data does not allow the method that the gap needs, so a cheaper one is used.",
        "Review the replacement in PLAN.md.",
    ),
    "SEL308": Code(
        "warning",
        "declared gap was not found by measurement",
        "The measurement of a probe counts more than a declaration (rule D11).",
        "Remove the gap, or keep it with `override`, a reason and an owner.",
    ),
    "SEL309": Code(
        "warning",
        "gap is kept by an override",
        "The owner of the override answers for a decision that the figures do not support: a gap is measured as absent (rule D11), or a prerequisite is missing (rule D15).",
        "Have a reviewer confirm the reason, or measure again.",
    ),
    "SEL310": Code(
        "warning",
        "gap is declared, but not measured",
        "The method depends on the gap, so a declared gap should also be measured (rule D11).",
        "Run the probe, and commit its report as evidence.",
    ),
    "SEL311": Code(
        "warning",
        "SFT alone would teach new facts",
        "New facts through SFT alone raise hallucination (rule D10, arXiv 2405.05904).",
        "Retrieve the facts into the prompt, or pre-train on the corpus first.",
    ),
    "SEL312": Code(
        "warning",
        "reward passes a check weakly",
        "A check of the reward lies between passing and blocking; the policy will find the weak spot.",
        "Watch the check during training, or fix the reward first.",
    ),
    "SEL313": Code(
        "warning",
        "stage made the model worse",
        "The whole interval of the gain lies below zero. The plan drops the stage, and nothing builds on it.",
        "Correct the data of the stage, then remove the result to run it again.",
    ),
}
