"""OpenAI-compatible endpoints: a client with a rate limit and retries, and batches that can be stopped."""
