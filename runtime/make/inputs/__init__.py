"""The load stage: bring models and data from a bucket or a folder."""
