"""Training stages: the loop, checkpoints, and one module a method."""
