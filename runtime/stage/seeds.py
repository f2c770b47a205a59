"""Seeds of the parts of a stage."""

import hashlib


def seed_of(seed: int, *numbers: int) -> int:
    """Return a seed of 31 bits for one batch or request, which differs from those of all neighbours."""
    digest = hashlib.sha256(" ".join(map(str, (seed, *numbers))).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
