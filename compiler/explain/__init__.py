"""Decisions, rules and diagnostic codes as text for people."""
