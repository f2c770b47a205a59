"""The cluster executor: applies a rendered plan to Kubernetes, follows it, and brings its results back as evidence."""
