"""SEL3xx: what the selection rules have to tell."""

from compiler.diagnostics.codes.row import Code

TABLE: dict[str, Code] = {
    "SEL301": Code(
        "error",
        "no rule of this version handles the gap",
        "A gap without a rule would silently be left out of the plan.",
        "Remove the gap, or handle it outside of this plan.",
    ),
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
    "SEL306": Code(
        "error",
        "no gap is declared",
        "Prompts have plateaued and badcases remain, but without a gap no method can be chosen.",
        "Declare the gap that is seen in the badcases.",
    ),
    "SEL307": Code(
        "error",
        "training is refused for flow-control faults",
        "They are faults of the agent's logic, not of the model (rule P4).",
        "Move these badcases out of the source, and mend the code or the prompt.",
    ),
}
