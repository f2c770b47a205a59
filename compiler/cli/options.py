"""The arguments and options that several commands take, and how a command and its arguments are declared."""

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
    """One argument of a command: its name or its flags, and the settings that `ArgumentParser.add_argument` takes."""

    names: tuple[str, ...]
    settings: dict[str, Any]

    @property
    def is_positional(self) -> bool:
        """Whether it has a place on the command line rather than a name."""
        return not self.names[0].startswith("-")

    @property
    def takes_value(self) -> bool:
        """Whether a value follows it."""
        return self.settings.get("action") in (None, "append")


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command: what runs it, and its arguments in the order of its help.

    The docstring of `run` is the command's help; its first line is what the list of commands shows.
    """

    name: str
    run: Callable[[Namespace], ExitCode]
    options: tuple[Option, ...]


def command(run: Callable[[Namespace], ExitCode], *options: Option) -> Command:
    """Declare the command that has the name of its function."""
    return Command(name=run.__name__.strip("_"), run=run, options=options)


def option(*names: str, **settings: Any) -> Option:
    """Declare an argument, with what `ArgumentParser.add_argument` takes."""
    return Option(names=names, settings=settings)


def flag(*names: str, **settings: Any) -> Option:
    """Declare an option without a value."""
    return Option(names=names, settings={"action": "store_true", **settings})


def _plan_folder(text: str) -> Path:
    from compiler.spec.discover import plan_folder

    return plan_folder(Path(text))


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"`{text}` is not a whole number from 1 on")
    return int(text)


PATHS = option(
    "paths", nargs="*", type=Path, metavar="PATH", help="spec files, or folders with `spec.yaml` files [default: specs]"
)
PLAN = option("plan", type=_plan_folder, metavar="PLAN", help="a plan folder, or the folder of its spec")
PLANS = option(
    "plans", nargs="+", type=Path, metavar="PLAN", help="plan folders, folders of specs, or a folder of many specs"
)
FORMAT = option(
    "--format",
    choices=FORMAT_NAMES,
    default="text",
    help="how diagnostics are written to stderr: %(choices)s [default: %(default)s]",
    metavar="FORMAT",
)
JOBS = option("--jobs", type=_count, metavar="N", help="at most N processes [default: as many as there are cores]")
NO_CACHE = flag("--no-cache", help="neither use nor keep the results of earlier runs")
PLAN_DIGEST = option("--plan-digest", metavar="DIGEST", help="refuse every plan but the approved one with this digest")
MODELS = option("--models", type=Path, metavar="DIR", help="folder of base models [default: the user's cache]")
KUBECONFIG = option("--kubeconfig", type=Path, metavar="FILE", help="the kubeconfig to use [default: as kubectl does]")
CONTEXT = option("--context", metavar="NAME", help="a context of the kubeconfig [default: its current one]")
