"""Checks of a plan: what does not fit together, and settings that change nothing."""
