"""Settings of the machine-learning libraries, made before any of them is imported."""

import os
import warnings


def prepare_libraries() -> None:
    """Set what the libraries read when they are imported, which no module of the runtime does at its top."""
    # Nothing is fetched, nothing is reported, forked tokenizers do not warn, and no library draws bars into the log.
    os.environ.update(
        HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false", TQDM_DISABLE="1"
    )
    # A store whose node has ended is a warning of C++ code with a stack trace; the stage reports the end itself.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    # How long OpenMP threads spin at a barrier before they sleep. Without spinning, generation, which is thousands of
    # small products, takes 1.4 times as long; with the library's own 100 times more, a step takes 5 times as long as
    # soon as another process wants a core. This many cost neither (measured: 1.0 and 1.3 times the best of each).
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "3000")
    # The pinned libraries announce their next versions at each step: a reader of a pod's log cannot act on that.
    warnings.simplefilter("ignore", FutureWarning)
