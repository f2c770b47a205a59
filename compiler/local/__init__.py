"""The local executor: runs the rendered Jobs of a plan folder on this machine, as a cluster would run them."""
