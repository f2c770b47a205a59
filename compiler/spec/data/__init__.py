"""Data sources: reading and counting their rows, their cards, and checks between sources."""

from compiler.spec.data.model import DataFile, Lengths, RowPair, Shared

__all__ = ["DataFile", "Lengths", "RowPair", "Shared"]
