"""Predicates of the rules: pure functions from facts to findings."""
