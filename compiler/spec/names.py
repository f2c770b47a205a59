"""Names and digests: what changes the result is in the name, so that a changed stage is a new Job and an unchanged
one is not run again (a Job's pod template is immutable).
"""

import hashlib
import json

from compiler.spec.workloads import WORKLOADS

_POD = "-63-abcde"  # what a Job appends to its name for its pods
# a pod's name is a DNS label, and the longest one of any kind of workload has to fit
MAX_NAME = 63 - len(_POD) - max(len(each.inner_job) for each in WORKLOADS.values())


def digest(value: object) -> str:
    """SHA-256, in hexadecimal, of the canonical JSON of plain data."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def job_name(plan: str, stage: str, stage_digest: str) -> str:
    """`<plan>-<stage>-<hash10>`, the plan's part cut where a long one would not fit: the hash still covers it whole."""
    room = MAX_NAME - len(stage) - 10 - 2
    return f"{plan[:room].rstrip('-')}-{stage}-{stage_digest[:10]}"
