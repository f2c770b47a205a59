"""Events that a stage writes to stdout, one JSON object a line. Commands that follow a stage read the key `event`."""

from typing import Literal

EventName = Literal[
    "start",  # plan, stage, method, output
    "phase",  # name
    "step",  # step, max_steps, loss, seconds for a step
    "progress",  # done, total, perhaps unit
    "checkpoint",  # step
    "data",
    "pairs",
    "balance",
    "replay",
    "curriculum",
    "agreement",
    "check",  # name, verdict, figures
    "warning",  # message
    "error",  # code, message, hint
    "end",  # status, exit_code, metrics, gate
]
