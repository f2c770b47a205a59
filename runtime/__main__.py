"""`python -m runtime <config>`: run one stage and say how it ended by the exit code."""

import os
import sys
import warnings

from runtime.exit_codes import ExitCode
from runtime.interrupts import catch_signals
from runtime.launch import end_with_the_launcher
from runtime.progress import claim_stdout
from runtime.stage import run_stage


def main() -> int:
    """Run the stage of the config that the command line names; return its exit code."""
    if len(sys.argv) != 2:
        print("usage: python -m runtime CONFIG", file=sys.stderr)
        return ExitCode.BAD_CONFIG
    end_with_the_launcher()
    stop = catch_signals()
    prepare_libraries()
    return run_stage(sys.argv[1], claim_stdout(), stop)


def prepare_libraries() -> None:
    """Set what the libraries read when they are imported, which no module of the runtime does at its top."""
    # Nothing is fetched, nothing is reported, forked tokenizers do not warn, and no library draws bars into the log.
    os.environ.update(
        HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false", TQDM_DISABLE="1"
    )
    # OpenMP threads that spin at barriers make a stage several times slower as soon as another process wants a core.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # The pinned libraries announce their next versions at each step: a reader of a pod's log cannot act on that.
    warnings.simplefilter("ignore", FutureWarning)


if __name__ == "__main__":
    sys.exit(main())
