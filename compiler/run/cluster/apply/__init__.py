"""Apply plans to a cluster: approve, decide, act."""
