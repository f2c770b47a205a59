"""Declarations of commands and their arguments, and the arguments that several commands share."""

from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler.cli.exit_codes import ExitCode
from compiler.diagnostics.formats import FORMAT_NAMES

SPECS = Path("specs")


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One argument of a command: its name or flags, and the settings of `ArgumentParser.add_argument`."""

    names: tuple[str, ...]
    settings: dict[str, Any]

    @property
    def is_positional(self) -> bool:
        """Whether the argument is positional."""
        return not self.names[0].startswith("-")

    @property
    def takes_value(self) -> bool:
        """Whether the option takes a value."""
        return self.settings.get("action") in (None, "append")


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command: the function that runs it, and its arguments in the order of its help.

    The docstring of `run` is the help of the command; its first line appears in the list of commands.
    """

    name: str
    run: Callable[[Namespace], ExitCode]
    options: tuple[Option, ...]


def command(run: Callable[[Namespace], ExitCode], *options: Option) -> Command:
    """Declare a command named after its function."""
    return Command(name=run.__name__.strip("_"), run=run, options=options)


def option(*names: str, **settings: Any) -> Option:
    """Declare an argument with the settings of `ArgumentParser.add_argument`."""
    return Option(names=names, settings=settings)


def flag(*names: str, **settings: Any) -> Option:
    """Declare an option without a value."""
    return Option(names=names, settings={"action": "store_true", **settings})


def _plan_folder(text: str) -> Path:
    from compiler.spec.discover import plan_folder

    return plan_folder(Path(text))


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"`{text}` is not a positive integer")
    return int(text)


PATHS = option(
    "paths", nargs="*", type=Path, metavar="PATH", help="spec file, or folder with `spec.yaml` files [default: specs]"
)
PLAN = option("plan", type=_plan_folder, metavar="PLAN", help="plan folder, or the folder of its spec")
PLANS = option(
    "plans", nargs="+", type=Path, metavar="PLAN", help="plan folder, folder of a spec, or folder of many specs"
)
FORMAT = option(
    "--format",
    choices=FORMAT_NAMES,
    default="text",
    help="format of diagnostics on stderr: %(choices)s [default: %(default)s]",
    metavar="FORMAT",
)
JOBS = option("--jobs", type=_count, metavar="N", help="use at most N processes [default: number of cores]")
NO_CACHE = flag("--no-cache", help="neither read nor write the cache of earlier results")
PLAN_DIGEST = option("--plan-digest", metavar="DIGEST", help="refuse any plan except the approved one with this digest")
MODELS = option("--models", type=Path, metavar="DIR", help="folder of base models [default: the user's cache folder]")
KUBECONFIG = option("--kubeconfig", type=Path, metavar="FILE", help="kubeconfig file [default: the one of kubectl]")
CONTEXT = option("--context", metavar="NAME", help="context of the kubeconfig [default: its current context]")
