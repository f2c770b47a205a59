"""YAML: text to documents that record the place of every value, and back."""
