"""The table of rules. Its order is its priority: gates decide the phase, the first that enters one wins; then every
rule of that phase is asked, and sees what those before it concluded and chose.
"""

from compiler.selection.data_rules import DATA_RULES
from compiler.selection.method_rules import METHOD_RULES
from compiler.selection.model import Rule
from compiler.selection.phase_rules import PHASE_RULES

RULES_VERSION = "2026.12"

RULES: tuple[Rule, ...] = (*PHASE_RULES, *METHOD_RULES, *DATA_RULES)
