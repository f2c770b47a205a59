"""Processes with limits, for untrusted code and queries."""
