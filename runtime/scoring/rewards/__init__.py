"""Rewards: a small library, functions of the spec, and the process that isolates both from the trainer."""
