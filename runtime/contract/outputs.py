"""What a stage leaves in its output folder and says at its end, as far as commands of the compiler read it."""

from typing import Literal

METRICS_FILE = "metrics.json"  # written last, so a folder that has it holds a complete stage
TERMINATION_LOG = "TRAINSPEC_TERMINATION_LOG"  # the variable that names the file of the termination message

# `status` of the event `end` and of the termination message
Status = Literal["complete", "already-complete", "gate-not-passed", "try-later", "failed"]
WITH_RESULT: tuple[Status, ...] = ("complete", "already-complete", "gate-not-passed")
