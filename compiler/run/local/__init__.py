"""`trainspec run`: the rendered Jobs as processes on this machine."""
