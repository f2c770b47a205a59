"""What a stage leaves in its output folder and in its pod's status, by name."""

METRICS_FILE = "metrics.json"  # written last, so a stage that has it is complete
METRICS_SCHEMA = "trainspec.dev/metrics/v1"
CHECKPOINTS = "checkpoints"  # a folder, removed once the stage is complete
TERMINATION_LOG = "TRAINSPEC_TERMINATION_LOG"  # the variable that names the file of the termination message
