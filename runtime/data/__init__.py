"""Rows of data: formats, examples, tokens, questions, and splits."""
