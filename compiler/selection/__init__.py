"""Selection: a table of rules turns facts into a phase, stages and a full trace."""

from compiler.selection.engine import select
from compiler.selection.facts import Result, StageChoice
from compiler.selection.model import Phase, Selection, Status, Traced

__all__ = ["Phase", "Result", "Selection", "StageChoice", "Status", "Traced", "select"]
