"""Events of a stage on stdout, one JSON object per line, named by the key `event`."""

from typing import Literal

EventName = Literal[
    "start",  # plan, stage, method, output
    "phase",  # name
    "step",  # step, max_steps, loss, seconds per step
    "progress",  # done, total, and optionally unit
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
    "end",  # status, exit_code, score (a line for people), metrics, gate
]
