"""Names and digests: what changes the result is in the name, so that a changed stage is a new Job and an unchanged
one is not run again (a Job's pod template is immutable).
"""

import hashlib
import json

MAX_NAME = 47  # a DNS label of 63, less what a JobSet's pods append, as in `-node-0-63-abcde`


def digest(value: object) -> str:
    """SHA-256, in hexadecimal, of the canonical JSON of plain data."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def job_name(plan: str, stage: str, stage_digest: str) -> str:
    """`<plan>-<stage>-<hash10>`, the plan's part cut where a long one would not fit: the hash still covers it whole."""
    room = MAX_NAME - len(stage) - 10 - 2
    return f"{plan[:room].rstrip('-')}-{stage}-{stage_digest[:10]}"
