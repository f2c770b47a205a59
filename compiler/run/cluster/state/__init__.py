"""The state of plans in a cluster: Jobs, ledgers, queues, events."""
