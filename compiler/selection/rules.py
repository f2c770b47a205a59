"""The table of rules. Its order is its priority: gates decide the phase, the first that enters one wins; then every
rule of that phase is asked, and sees what those before it concluded and chose.
"""

from compiler.selection.data_rules import DATA_RULES
from compiler.selection.method_rules import METHOD_RULES
from compiler.selection.model import Rule
from compiler.selection.phase_rules import PHASE_RULES

RULES_VERSION = "2026.12"

# what measures or makes data comes first; then the order in which stages train, every edge gated by an evaluation
STAGE_ORDER = (
    "augment",
    "optimize-prompt",
    "probe",
    "preflight",
    "cpt",
    "teacher",
    "sample",
    "sft",
    "cot",
    "latent-cot",
    "dpo",
    "kto",
    "reward",
    "grpo",
    "ppo",
    "distill",
)
# what samples the policy stands right before the stage that learns from it, behind all that trains the policy
ON_POLICY_BEFORE = {"sample": "dpo", "probe": "reward", "preflight": "reward"}
# data of one method that joins another one's stage where both are chosen
MIXED_INTO = {"cot": "sft"}

RULES: tuple[Rule, ...] = (*PHASE_RULES, *METHOD_RULES, *DATA_RULES)
