"""Rewards: a small library, functions of the spec's own, and the process that runs both apart from the trainer."""
