"""Which requests to retry, and when: pure, so that tests need no server."""

from collections.abc import Mapping

PATIENCE_SECONDS = 120.0  # enough for a restart of the API server or a failover of the control plane
_FIRST_SECONDS = 0.25
_MOST_SECONDS = 8.0
_TRANSIENT = frozenset({0, 429, 500, 502, 503, 504})


def is_transient(status: int) -> bool:
    """Return whether a retry may succeed.

    True if the request was dropped (0) or throttled, or if the server failed.
    """
    return status in _TRANSIENT


def pause(attempt: int, headers: Mapping[str, str]) -> float:
    """Return the seconds to wait after attempt `attempt` (from 1).

    The server may set them in `Retry-After`; otherwise each wait is twice as long as the last.
    """
    retry_after = headers.get("Retry-After", "")
    if retry_after.isdigit():
        return min(float(retry_after), PATIENCE_SECONDS)
    doubled: float = _FIRST_SECONDS * 2 ** min(attempt - 1, 16)
    return min(doubled, _MOST_SECONDS)
