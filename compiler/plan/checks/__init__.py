"""Checks of a plan: conflicting settings, and settings that have no effect."""
