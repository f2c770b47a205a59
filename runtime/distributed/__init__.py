"""Training with several processes and nodes."""
