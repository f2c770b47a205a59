"""A judge of free-text answers: a model behind an endpoint that reads a rubric and says pass or fail."""
