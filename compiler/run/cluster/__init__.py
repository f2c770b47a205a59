"""The cluster executor: apply a plan to Kubernetes, follow it, and collect its results as evidence."""
