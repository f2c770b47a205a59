"""Seeds for the parts of a stage."""

import hashlib


def seed_of(seed: int, *numbers: int) -> int:
    """Return a 31-bit seed for one batch or request, derived by a hash from its `numbers`."""
    digest = hashlib.sha256(" ".join(map(str, (seed, *numbers))).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
