"""The outputs of a stage that commands of the compiler, or later stages, read."""

from typing import Literal

METRICS_FILE = "metrics.json"  # written last: an output folder with this file is complete
PROMPT_FILE = "prompt.md"  # the best prompt of a prompt optimisation
CHECK_ROWS_FILE = "check-rows.json"  # token ids of rows on which later merges of the weights are compared
TERMINATION_LOG = "TRAINSPEC_TERMINATION_LOG"  # environment variable: the path of the termination message

# `status` of the event `end` and of the termination message
Status = Literal["complete", "already-complete", "gate-not-passed", "try-later", "failed"]
WITH_RESULT: tuple[Status, ...] = ("complete", "already-complete", "gate-not-passed")

# `verdict` of a gate, and its words for people
Verdict = Literal["continue", "target-met", "no-gain", "worse"]
NOT_PASSED: tuple[Verdict, ...] = ("no-gain", "worse")  # no later stage builds on the model that was evaluated
_VERDICT_WORDS: dict[str, str] = {
    "continue": "continue",
    "target-met": "target met",
    "no-gain": "no gain",
    "worse": "worse",
}


def verdict_words(value: str) -> str:
    """Return the words for a verdict; any other value is returned unchanged."""
    return _VERDICT_WORDS.get(value, value)
