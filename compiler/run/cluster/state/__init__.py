"""The state of plans in a cluster: Jobs, ledger, queue, events."""
