"""The quick way into `check` and `compile`, which run at every commit, often only to find that nothing has changed.

The command-line library takes longer to import than such a run takes. So plain arguments are read here; whatever is
not plain, help and mistakes included, is left to the library, which knows the same options.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from compiler.cli.exit_codes import ExitCode

FLAGS: dict[str, tuple[str, bool]] = {"--no-cache": ("use_cache", False), "--check": ("check_only", True)}


def quick(arguments: list[str]) -> ExitCode | None:
    """Run `check` or `compile`; None where the arguments are not plain ones of these."""
    command, rest = arguments[:1], arguments[1:]
    options = _options(rest) if command in (["check"], ["compile"]) else None
    if options is None:
        return None
    from compiler.cli.batch import check_specs, compile_specs

    paths, style = options.pop("paths"), options.pop("style", "text")
    if command == ["compile"]:
        return compile_specs(paths, style, check_only=options.pop("check_only", False), **options)
    return None if "check_only" in options else check_specs(paths, style, **options)


def _options(arguments: list[str]) -> dict[str, Any] | None:
    options: dict[str, Any] = {"paths": []}
    todo = _split(arguments)
    for argument in todo:
        if not argument.startswith("-"):
            options["paths"].append(Path(argument))
        elif argument in FLAGS:
            name, value = FLAGS[argument]
            options[name] = value
        elif argument == "--jobs":
            jobs = next(todo, "")
            if not jobs.isdecimal() or int(jobs) < 1:
                return None
            options["jobs"] = int(jobs)
        elif argument == "--format":
            from compiler.diagnostics.render import FORMATS

            options["style"] = next(todo, "")
            if options["style"] not in FORMATS:
                return None
        else:
            return None
    options["paths"] = options["paths"] or [Path("specs")]
    return options


def _split(arguments: Iterable[str]) -> Iterator[str]:
    """The arguments, `--option=value` as two."""
    for argument in arguments:
        option, equals, value = argument.partition("=")
        yield from (option, value) if equals and option in ("--jobs", "--format") else (argument,)
