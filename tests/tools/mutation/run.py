"""`make mutate`: break the table of rules in every way that `mutants.py` knows, and see that the decision table notices."""

import sys
import time
from collections import Counter

from tools.mutation.mutants import Mutant, mutants, score, swaps, unbroken


def main() -> int:
    """Print the score, what survived, and which rules may change places."""
    began = time.perf_counter()
    if failing := unbroken():
        print("\n".join(["these cases fail without any mutant:", *failing]))
        return 1
    found: Counter[tuple[str, bool]] = Counter()
    survivors: list[Mutant] = []
    for mutant in mutants():
        killed = mutant.killed()
        found[mutant.kind, killed] += 1
        survivors += [] if killed else [mutant]
    free = [mutant for mutant in swaps() if not mutant.killed()]
    print("\n".join(["killed by the decision table:", *score(found)]))
    print("\n".join(["", "survivors:", *(f"  {each.kind}: {each.name}" for each in survivors)] if survivors else []))
    print(f"neighbours whose order changes no decision: {', '.join(each.name for each in free) or 'none'}")
    print(f"{time.perf_counter() - began:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
