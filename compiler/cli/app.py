"""The `trainspec` command: find the command that the arguments name, parse its arguments, and run it."""

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module

from compiler.cli.exit_codes import ExitCode
from compiler.cli.options import Command
from compiler.cli.parser import PROGRAM, read_arguments, refuse, suggestion

# Modules of this package that declare commands, and their commands in the order of the help. Only the module of the
# command that runs is imported.
GROUPS = {
    "specs": ("check", "compile", "explain"),
    "runs": ("run", "collect", "apply", "status", "logs", "cancel"),
    "project": ("init", "triage", "data", "schema"),
    "imports": ("import",),
    "admin": ("access", "driver"),
}

_HELP = """\
usage: trainspec COMMAND [OPTION ...]

Decide what an LLM application needs next, and render it as Kubernetes Jobs.

A spec describes the goal, the data, and what was tried. trainspec checks the
spec, selects the next phase by rules (collect badcases, improve the prompt,
train, or done), and renders a plan for people to review and CI to apply.

To start: run `trainspec init`, then `trainspec explain specs/NAME`.

commands:
{commands}

options:
  --version   show the version and exit
  -h, --help  show this help and exit

Run `trainspec COMMAND --help` for the help of a command.

Exit codes: 0 ok, 1 errors in specs or stages, 2 usage, 3 internal error,
4 cluster, 5 differences, 130 interrupted, 143 terminated.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments (default: `sys.argv`) name, and return its exit code.

    Raises `SystemExit` with 2 if the arguments are invalid, and with 0 after `--help`.
    """
    name, *rest = (sys.argv[1:] if arguments is None else arguments) or [""]
    for group, names in GROUPS.items():
        if name in names:
            command = next(each for each in commands_of(group) if each.name == name)
            return command.run(read_arguments(command, rest))
    if not name:
        print(_help(), end="", file=sys.stderr)
        return ExitCode.USAGE
    if name in ("-h", "--help"):
        print(_help(), end="")
    elif name == "--version":
        from compiler import __version__

        print(f"{PROGRAM} {__version__}")
    else:
        kind = "option" if name.startswith("-") else "command"
        known = ["--help", "--version"] if kind == "option" else [each for names in GROUPS.values() for each in names]
        refuse(f"unknown {kind} `{name}`{suggestion(name, known)}")
    return ExitCode.OK


def commands_of(group: str) -> Iterator[Command]:
    """Yield the commands that a module of this package declares."""
    yield from import_module(f"compiler.cli.{group}").COMMANDS


def _help() -> str:
    commands = [each for group in GROUPS for each in commands_of(group)]
    width = max(len(each.name) for each in commands)
    lines = (f"  {each.name:{width}}  {(each.run.__doc__ or '').splitlines()[0]}" for each in commands)
    return _HELP.format(commands="\n".join(lines))
