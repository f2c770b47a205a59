"""Processes with limits, for code and queries that may be hostile."""
