"""The front end: text to document to model to inputs."""
