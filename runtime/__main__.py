"""`python -m runtime CONFIG`: run one stage and say how it ended by the exit code."""

import os
import sys
import warnings

from runtime.contract.errors import StageError
from runtime.contract.exit_codes import ExitCode
from runtime.distributed.node import end_with_the_launcher
from runtime.run import report_failure, run_stage
from runtime.stage.credentials import mask_stderr
from runtime.stage.events import claim_stdout
from runtime.stage.stop import catch_signals

REPORT = "--report"
USAGE = """\
usage: python -m runtime CONFIG [--report]

Run one stage of a plan, and end with its exit code.

CONFIG is the stage's config as a YAML file: the text under `data: config.yaml` of the plan's `NN-stage.config.yaml`.
`trainspec run PLAN` makes these files and runs all stages of a plan.
--report runs nothing: a stage that is complete says its result again, any other ends with 66.

variables, each the absolute path of a folder that is there:
  TRAINSPEC_MODELS   base models, as `python -m runtime.fetch` lays them down
  TRAINSPEC_DATA     the data files that the config names
  TRAINSPEC_OUTPUTS  where the stage makes its output folder, and finds those of earlier stages

stdout is one JSON object a line. What exit codes mean, and all else, is in docs/training.md.
"""


def main() -> int:
    """Run the stage of the config that the command line names; return its exit code."""
    arguments = sys.argv[1:]
    if {"-h", "--help"} & set(arguments):
        print(USAGE, end="")
        return ExitCode.OK
    configs = [each for each in arguments if each != REPORT]
    if len(configs) != 1:
        return _no_single_config(configs)
    mask_stderr()
    end_with_the_launcher()
    stop = catch_signals()
    prepare_libraries()
    return run_stage(configs[0], claim_stdout(), stop, report_only=REPORT in arguments)


def _no_single_config(arguments: list[str]) -> int:
    given = f"{len(arguments)} are given" if arguments else "none is given"
    hint = "name one rendered config; `python -m runtime --help` tells what else is needed"
    failure = StageError("RUN701", f"a stage is run from one config, and {given}", hint)
    report_failure(failure.problem, failure.exit_code, claim_stdout())
    return failure.exit_code


def prepare_libraries() -> None:
    """Set what the libraries read when they are imported, which no module of the runtime does at its top."""
    # Nothing is fetched, nothing is reported, forked tokenizers do not warn, and no library draws bars into the log.
    os.environ.update(
        HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false", TQDM_DISABLE="1"
    )
    # A store whose node has ended is a warning of C++ code with a stack trace; the stage says so itself.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    # How long OpenMP threads spin at a barrier before they sleep. Without spinning, generation, which is thousands of
    # small products, takes 1.4 times as long; with the library's own 100 times more, a step takes 5 times as long as
    # soon as another process wants a core. This many cost neither (measured: 1.0 and 1.3 times the best of each).
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "3000")
    # The pinned libraries announce their next versions at each step: a reader of a pod's log cannot act on that.
    warnings.simplefilter("ignore", FutureWarning)


if __name__ == "__main__":
    sys.exit(main())
