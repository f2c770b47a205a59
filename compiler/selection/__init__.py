"""Select phase: facts go through a table of rules, and a phase, stages and a full trace come out."""

from compiler.selection.engine import select
from compiler.selection.facts import Result, StageChoice
from compiler.selection.model import Phase, Selection, Status, Traced

__all__ = ["Phase", "Result", "Selection", "StageChoice", "Status", "Traced", "select"]
