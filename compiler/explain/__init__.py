"""Texts for people about decisions, rules and diagnostic codes."""
