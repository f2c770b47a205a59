"""Rows of data: formats, turns, tokens, questions, splits."""
