"""Select phase: facts go through a table of rules, and a phase, stages and a full trace come out."""

from compiler.selection.engine import select
from compiler.selection.model import Phase, Selection, StageChoice, Status, Traced

__all__ = ["Phase", "Selection", "StageChoice", "Status", "Traced", "select"]
