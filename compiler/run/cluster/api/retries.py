"""Which requests are worth another try, and when: pure, so that a test can walk through it."""

from collections.abc import Mapping

PATIENCE_SECONDS = 120.0  # an API server that is restarted, or a control plane that fails over, is back by then
_FIRST_SECONDS = 0.25
_MOST_SECONDS = 8.0
_TRANSIENT = frozenset({0, 429, 500, 502, 503, 504})


def is_transient(status: int) -> bool:
    """Whether a request that ended so may succeed later: dropped (0), throttled, or the server's own trouble."""
    return status in _TRANSIENT


def pause(attempt: int, headers: Mapping[str, str]) -> float:
    """Seconds before attempt `attempt` + 1 (from 1): what the server asked for, else twice as long each time."""
    asked = headers.get("Retry-After", "")
    if asked.isdigit():
        return min(float(asked), PATIENCE_SECONDS)
    doubled: float = _FIRST_SECONDS * 2 ** min(attempt - 1, 16)
    return min(doubled, _MOST_SECONDS)
