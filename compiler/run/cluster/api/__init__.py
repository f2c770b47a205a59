"""The Kubernetes API: connect, send requests, explain errors."""
