"""Scores of answers: metrics, rewards, and a sandbox for untrusted code."""
