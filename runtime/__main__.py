"""`python -m runtime CONFIG`: run one stage; the exit code says how it ended. `trainspec-runtime run` is the same."""

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

Run one stage of a plan, and end with its exit code.

CONFIG is the stage's config as a YAML file: the text under `data: config.yaml` of the plan's `NN-stage.config.yaml`.
`trainspec run PLAN` makes these files and runs all stages of a plan.
--report runs nothing: a stage that is complete says its result again, any other ends with 66.

variables, each the absolute path of a folder that is there:
  TRAINSPEC_MODELS   base models, as `trainspec-runtime fetch` lays them down
  TRAINSPEC_DATA     the data files that the config names
  TRAINSPEC_OUTPUTS  where the stage makes its output folder, and finds those of earlier stages

stdout is one JSON object a line. What exit codes mean, and all else, is in docs/training.md.
"""


def main(arguments: list[str], *, program: str = "python -m runtime") -> int:
    """Run the stage of the config that the arguments name; return its exit code. `program` is named in the help."""
    if {"-h", "--help"} & set(arguments):
        print(USAGE.format(program=program), end="")
        return ExitCode.OK
    configs = [each for each in arguments if each != REPORT]
    if len(configs) != 1:
        return _no_single_config(configs, program)
    mask_stderr()
    end_with_the_launcher()
    stop = catch_signals()
    prepare_libraries()
    return run_stage(configs[0], claim_stdout(), stop, report_only=REPORT in arguments)


def _no_single_config(arguments: list[str], program: str) -> int:
    given = f"{len(arguments)} are given" if arguments else "none is given"
    hint = f"name one rendered config; `{program} --help` tells what else is needed"
    failure = StageError("RUN701", f"a stage is run from one config, and {given}", hint)
    report_failure(failure.problem, failure.exit_code, claim_stdout())
    return failure.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
