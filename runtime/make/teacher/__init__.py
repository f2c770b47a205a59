"""The teacher stage: ask a stronger model, keep its good answers."""
