"""The `trainspec-runtime` command: run a stage, fetch a model, export one, or compare a judge with people."""

import argparse
import os
import sys
from collections.abc import Callable

from runtime.contract.exit_codes import ExitCode

DESCRIPTION = """\
Run a stage on this machine, fetch models, and export them.

commands:
  run CONFIG                     run one stage of a plan from its config
  fetch OWNER/NAME@COMMIT        fetch a model of a hub, a small model, or the files of a data package
  export OUTPUTS/JOB --to DIR    merge the adapters of a trained stage, and save the whole model
  judge-agreement LABELS ...     compare a judge of answers with people's labels, as evidence

`trainspec-runtime COMMAND --help` shows the options of a command.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command in `arguments` (default: those of the process); return its exit code."""
    parser = argparse.ArgumentParser(
        prog="trainspec-runtime",
        usage="trainspec-runtime COMMAND ...",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help=argparse.SUPPRESS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    given = sys.argv[1:] if arguments is None else arguments
    if not given:
        parser.print_help(sys.stderr)
        return 2
    parsed = parser.parse_args(given)
    # A folder `runtime` in the current folder must not shadow this package in processes that a stage starts.
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        return COMMANDS[parsed.command](parsed.arguments)
    except KeyboardInterrupt:
        print(f"stopped; run `trainspec-runtime {parsed.command}` again, which keeps what is whole", file=sys.stderr)
        return INTERRUPTED
    except ModuleNotFoundError as error:
        if (error.name or "runtime").partition(".")[0] == "runtime":  # a bug of this package, not a missing one
            raise
        message = f"`trainspec-runtime {parsed.command}` needs the package `{error.name}`"
        print(f"error: {message}: pip install 'trainspec[runtime]'", file=sys.stderr)
        return ExitCode.BAD_CONFIG


def _run(arguments: list[str]) -> int:
    from runtime.__main__ import main

    return main(arguments, program="trainspec-runtime run")


def _fetch(arguments: list[str]) -> int:
    from runtime.fetch import main

    return main(arguments)


def _export(arguments: list[str]) -> int:
    from runtime.export import main

    return main(arguments)


INTERRUPTED = 130  # as a shell reports a process that Ctrl-C ended


def _judge_agreement(arguments: list[str]) -> int:
    from runtime.scoring.judge.agreement import main

    return main(arguments)


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": _run,
    "fetch": _fetch,
    "export": _export,
    "judge-agreement": _judge_agreement,
}
