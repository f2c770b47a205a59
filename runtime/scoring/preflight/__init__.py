"""The pre-flight of a reward: eight checks before anything is optimised, each with its figures and a verdict."""
