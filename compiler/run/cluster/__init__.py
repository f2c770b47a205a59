"""The cluster executor: apply a plan, follow it, and collect its results as evidence."""
