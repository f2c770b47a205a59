"""Commands on plans in a cluster: they print what `run/cluster` finds, and choose exit codes."""
