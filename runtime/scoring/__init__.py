"""Scores of answers: metrics, rewards, and the sandbox that runs untrusted code."""
