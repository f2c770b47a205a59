"""Prompt optimisation: candidates by technique, a race between them, and an honest report of the winner."""
