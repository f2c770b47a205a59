"""Which requests to retry, and when: pure, so that tests need no server."""

from collections.abc import Mapping
from math import inf

PATIENCE_SECONDS = 120.0  # enough for a restart of the API server or a failover of the control plane
_FIRST_SECONDS = 0.25
_MOST_SECONDS = 8.0
# The most tries of a request by the status of its response; others are tried once. The request was dropped (0) or
# throttled, or the server failed: these are tried until the caller's patience ends.
MOST_TRIES: dict[int, float] = {0: inf, 429: inf, 500: inf, 502: inf, 503: inf, 504: inf}


def most_tries(status: int) -> float:
    """Return how often a request with this status is tried at most; infinity until the caller's patience ends."""
    return MOST_TRIES.get(status, 1)


def pause(attempt: int, headers: Mapping[str, str]) -> float:
    """Return the seconds to wait after attempt `attempt` (from 1).

    The server may set them in `Retry-After`; otherwise each wait is twice as long as the last.
    """
    retry_after = headers.get("Retry-After", "")
    if retry_after.isdigit():
        return min(float(retry_after), PATIENCE_SECONDS)
    doubled: float = _FIRST_SECONDS * 2 ** min(attempt - 1, 16)
    return min(doubled, _MOST_SECONDS)
