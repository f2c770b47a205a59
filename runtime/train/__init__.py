"""Training stages: the loop, checkpoints, and one module per method."""
