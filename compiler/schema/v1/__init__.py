"""`trainspec.dev/v1`: specs, cluster profiles, and the evidence that they are decided by."""
