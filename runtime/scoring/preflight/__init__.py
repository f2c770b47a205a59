"""The pre-flight of a reward: eight checks before it is optimised, each with figures and a verdict."""
