"""Commands on plans in a cluster: print the results of `run/cluster`, and choose exit codes."""
