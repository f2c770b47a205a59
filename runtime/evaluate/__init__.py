"""The evaluation stage: ask held-out questions, score the answers, compare them with the baseline."""
