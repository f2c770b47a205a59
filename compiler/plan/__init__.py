"""Selection to stages: what each Job of a plan runs, on which rows, with which settings."""
