"""Training methods: one row for each, with its defaults and their sources."""
