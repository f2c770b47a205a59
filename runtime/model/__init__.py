"""Models: load, prompt, generate."""
