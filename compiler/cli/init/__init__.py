"""`trainspec init`: ask, then write a first spec."""
