"""Digests, and names of Jobs.

The name of a Job contains a digest of everything that changes its result: a changed stage becomes a new Job, since a
Job's pod template is immutable, and an unchanged stage does not run again.
"""

import hashlib
import json

from compiler.spec.workloads import WORKLOADS

_POD = "-63-abcde"  # a Job appends this much to its name for its pods
# a pod's name is a DNS label of at most 63 characters, for every kind of workload
MAX_NAME = 63 - len(_POD) - max(len(each.inner_job) for each in WORKLOADS.values())


def digest(value: object) -> str:
    """Return the SHA-256, in hexadecimal, of the canonical JSON of plain data."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def job_name(plan: str, stage: str, stage_digest: str) -> str:
    """Return `<plan>-<stage>-<hash10>`; a long plan name is cut, but the hash covers it whole."""
    room = MAX_NAME - len(stage) - 10 - 2
    return f"{plan[:room].rstrip('-')}-{stage}-{stage_digest[:10]}"
