"""`python -m runtime <config>`: run one stage and say how it ended by the exit code."""

import os
import sys
import warnings

# Before any library reads them: nothing is fetched, nothing is reported, and forked tokenizers do not warn.
os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false", TQDM_DISABLE="1")
# OpenMP threads that spin at barriers make a stage several times slower as soon as another process wants a core.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# The pinned libraries announce their own next versions at each step; a reader of a pod's log cannot act on that.
warnings.simplefilter("ignore", FutureWarning)

from runtime.interrupts import catch_signals
from runtime.progress import claim_stdout
from runtime.stage import run_stage


def main() -> int:
    """Run the stage of the config that the command line names; return its exit code."""
    if len(sys.argv) != 2:
        print("usage: python -m runtime CONFIG", file=sys.stderr)
        return 78
    return run_stage(sys.argv[1], claim_stdout(), catch_signals())


if __name__ == "__main__":
    sys.exit(main())
