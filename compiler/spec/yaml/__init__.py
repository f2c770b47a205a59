"""YAML text to documents that know the place of every value, and back."""
