"""Models: loading, prompts, generation."""
