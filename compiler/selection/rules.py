"""The table of rules, in order of priority.

Phase rules come first: the first one that enters a phase decides it. Then the engine evaluates every rule of that phase
in order, and each rule sees what the earlier ones concluded and chose.
"""

from compiler.selection.data_rules import DATA_RULES
from compiler.selection.method_rules import METHOD_RULES
from compiler.selection.model import Rule
from compiler.selection.phase_rules import PHASE_RULES

RULES_VERSION = "2026.12"

RULES: tuple[Rule, ...] = (*PHASE_RULES, *METHOD_RULES, *DATA_RULES)
