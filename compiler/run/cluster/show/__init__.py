"""Show plans in a cluster: status rows, logs, the final verdict."""
