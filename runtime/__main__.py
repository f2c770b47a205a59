"""`python -m runtime CONFIG`: run one stage. `trainspec-runtime run` does the same."""

import sys

from runtime.contract.errors import StageError
from runtime.contract.exit_codes import ExitCode
from runtime.distributed.node import end_with_the_launcher
from runtime.run import report_failure, run_stage
from runtime.stage.credentials import mask_stderr
from runtime.stage.events import claim_stdout
from runtime.stage.libraries import prepare_libraries
from runtime.stage.stop import catch_signals

REPORT = "--report"
USAGE = """\
usage: {program} CONFIG [--report]

Run one stage of a plan, and exit with the exit code of the stage.

CONFIG is the stage's config as a YAML file: the text under `data: config.yaml` of the plan's `NN-stage.config.yaml`.
`trainspec run PLAN` writes these files and runs all stages of a plan.

options:
  --report           do not run the stage, but repeat the result of a finished one; exit with 66 if there is none

environment variables, each the absolute path of an existing folder:
  TRAINSPEC_MODELS   base models, in the layout of `trainspec-runtime fetch`
  TRAINSPEC_DATA     the data files that the config names
  TRAINSPEC_OUTPUTS  the output folders of this stage and of earlier ones

The stage writes one JSON object per line to stdout. See docs/training.md for events and exit codes.
"""


def main(arguments: list[str], *, program: str = "python -m runtime") -> int:
    """Run the stage of the config in `arguments`; return its exit code. The help shows `program`."""
    if {"-h", "--help"} & set(arguments):
        print(USAGE.format(program=program), end="")
        return ExitCode.OK
    configs = [each for each in arguments if each != REPORT]
    if len(configs) != 1:
        return _report_wrong_count(configs, program)
    mask_stderr()
    end_with_the_launcher()
    stop = catch_signals()
    prepare_libraries()
    return run_stage(configs[0], claim_stdout(), stop, report_only=REPORT in arguments)


def _report_wrong_count(arguments: list[str], program: str) -> int:
    hint = f"name one rendered config; `{program} --help` shows the usage"
    failure = StageError("RUN701", f"a stage runs from one config, but the arguments name {len(arguments)}", hint)
    report_failure(failure.problem, failure.exit_code, claim_stdout())
    return failure.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
