"""Data sources: their rows, read and counted; their cards; and what must hold between them."""

from compiler.spec.data.model import DataFile, Lengths, RowPair, Shared

__all__ = ["DataFile", "Lengths", "RowPair", "Shared"]
