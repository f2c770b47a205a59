"""The teacher stage: query a stronger model and keep its good answers."""
