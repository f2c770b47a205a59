"""Several processes and nodes: launch, meet, share work."""
