"""Parse the arguments of a command, and report invalid ones in one line."""

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterable, Sequence
from inspect import cleandoc
from typing import NoReturn

from compiler.cli.exit_codes import ExitCode
from compiler.cli.options import Command, option

PROGRAM = "trainspec"
MAX_WIDTH = 80
HELP = option("-h", "--help", action="help", help="show this help and exit")


def read_arguments(command: Command, arguments: Sequence[str]) -> Namespace:
    """Parse the arguments of a command; options and positional arguments may come in any order.

    Raises `SystemExit` with 0 after `--help`, and with 2 if an argument is invalid.
    """
    parser = _Parser(
        prog=f"{PROGRAM} {command.name}",
        usage=_usage(command),
        description=cleandoc(command.run.__doc__ or ""),
        formatter_class=_Formatter,
        allow_abbrev=False,
        add_help=False,
    )
    groups = {True: parser.add_argument_group("arguments"), False: parser.add_argument_group("options")}
    for each in (*command.options, HELP):
        groups[each.is_positional].add_argument(*each.names, **each.settings)
    return parser.parse_args(_options_first(command, arguments))


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Report invalid arguments and exit with 2."""
        refuse(message, self.prog)


class _Formatter(RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        from shutil import get_terminal_size

        super().__init__(prog, max_help_position=24, width=min(get_terminal_size().columns, MAX_WIDTH))


def refuse(message: str, program: str = PROGRAM) -> NoReturn:
    """Report invalid arguments, name the command that shows help, and exit with 2."""
    print(f"error: {message}\nhelp: {program} --help", file=sys.stderr)
    raise SystemExit(ExitCode.USAGE)


def suggestion(given: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown name: the closest known name, if any."""
    from difflib import get_close_matches

    close = get_close_matches(given, list(known), n=1, cutoff=0.7)
    return f"; did you mean `{close[0]}`?" if close else ""


def _usage(command: Command) -> str:
    forms = {None: "{}", "?": "[{}]", "*": "[{} ...]", "+": "{} ..."}
    names = [
        forms[each.settings.get("nargs")].format(each.settings["metavar"])
        for each in command.options
        if each.is_positional
    ]
    return " ".join((PROGRAM, command.name, "[OPTION ...]", *names))


def _options_first(command: Command, arguments: Sequence[str]) -> list[str]:
    """Sort arguments: options first, each joined to its value, then the positional ones after `--`.

    Raises `SystemExit` with 2 at the first unknown option, before any missing argument is reported.
    """
    known = {name: each for each in (*command.options, HELP) for name in each.names if not each.is_positional}
    options: list[str] = []
    rest: list[str] = []
    todo = iter(arguments)
    for argument in todo:
        is_long = argument.startswith("--")
        name = argument.partition("=")[0] if is_long else argument[:2]
        if argument == "--":
            rest += todo
        elif len(argument) < 2 or not argument.startswith("-"):
            rest.append(argument)
        elif name not in known:
            refuse(f"`{command.name}` has no option `{name}`{suggestion(name, known)}", f"{PROGRAM} {command.name}")
        elif argument == name and known[name].takes_value and (value := next(todo, None)) is not None:
            options.append(f"{name}={value}" if is_long else f"{name}{value}")
        else:
            options.append(argument)
    return [*options, "--", *rest] if rest else options
