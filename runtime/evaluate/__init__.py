"""The evaluation stage: answer held-out questions, score, and compare with the baseline."""
