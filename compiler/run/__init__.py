"""What happens to a rendered plan and to data: local runs, clusters, measured data, results."""
