"""Settings of the machine-learning libraries, which they read on import."""

import os
import warnings


def prepare_libraries() -> None:
    """Set the environment that the libraries read on import, before the first such import."""
    # No downloads, no telemetry, no warnings of forked tokenizers, no progress bars in the log.
    os.environ.update(
        HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false", TQDM_DISABLE="1"
    )
    # PyTorch logs the loss of a store's node as a C++ warning with a stack trace; the stage reports the end itself.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    # How long OpenMP threads spin at a barrier before they sleep. Without spinning, generation (thousands of small
    # products) takes 1.4 times as long. With the library's default, 100 times this value, a step takes 5 times as long
    # as soon as another process wants a core. This value costs little in either case (measured: 1.0 and 1.3 times the
    # best).
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "3000")
    # The pinned libraries warn of future changes at each step; a reader of a pod's log cannot act on that.
    warnings.simplefilter("ignore", FutureWarning)
