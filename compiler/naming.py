"""Names and digests: what changes the result is in the name, so that a changed stage is a new Job and an unchanged
one is not run again (a Job's pod template is immutable).
"""

import hashlib
import json

MAX_NAME = 52  # a DNS label of 63, less what an Indexed Job's pods append


def digest(value: object) -> str:
    """SHA-256, in hexadecimal, of the canonical JSON of plain data."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def job_name(plan: str, stage: str, stage_digest: str) -> str:
    """`<plan>-<stage>-<hash10>`, the plan's part cut where a long one would not fit: the hash still covers it whole."""
    room = MAX_NAME - len(stage) - 10 - 2
    return f"{plan[:room].rstrip('-')}-{stage}-{stage_digest[:10]}"
