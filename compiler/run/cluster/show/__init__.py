"""Show plans in a cluster: status rows, logs, final verdicts."""
