"""The evaluation stage: ask the held-out questions, score the answers, compare with the baseline."""
