"""The load stage: copy models and data from a bucket or a folder."""
