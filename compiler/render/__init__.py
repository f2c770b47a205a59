"""Plan to files: manifests, configs and `PLAN.md`, and the plan folder that holds them."""
