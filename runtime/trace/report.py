"""Count what goes wrong in recording, and report each kind of fault once: the application must not notice."""

import sys
from collections import Counter

MOST_KINDS = 100  # of faults that are printed
_counts: Counter[str] = Counter()


def report(what: str, detail: str = "") -> None:
    """Count a fault; print the first of its kind on stderr."""
    _counts[what] += 1
    if _counts[what] == 1 and len(_counts) <= MOST_KINDS:
        try:
            print(f"trainspec_trace: {what}{': ' if detail else ''}{detail}; later ones are counted", file=sys.stderr)
        except Exception:
            _counts["stderr is closed"] += 1


def counts() -> dict[str, int]:
    """Return how often each fault happened in this process."""
    return dict(_counts)
