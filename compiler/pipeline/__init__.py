"""The phases in order, with the cache and the processes that run them for many specs."""
