"""Plan phase: the Jobs that a selection becomes, with their rows and settings."""
