"""Check phase, for the options of rewards: their values, which the runtime would refuse once a Job has started."""

import re
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Field, Strict, TypeAdapter, ValidationError

from compiler.diagnostics import Diagnostic, Location, diagnostic
from compiler.spec.inputs import Inputs
from compiler.spec.schema.training_spec import RewardFunction
from compiler.spec.schema.validate import dotted
from compiler.spec.yaml.document import FieldPath

PathText = Annotated[str, Strict(), Field(min_length=1)]

# what each option takes; an option of one name is the same for every function of the library
OPTION_TYPES: Mapping[str, Any] = {
    "after": Annotated[str, Strict(), Field(min_length=1, max_length=100)] | None,
    "databases": PathText,
    "least": Annotated[int, Strict(), Field(ge=0)],
    "most": Annotated[int, Strict(), Field(ge=1)] | None,
    "pattern": Annotated[str, Strict(), Field(min_length=1, max_length=2000)],
    "schema": PathText,
    "unit": Literal["characters", "tokens"],
}


def reward_options_fit(inputs: Inputs) -> Iterator[Diagnostic]:
    """Each option of a reward has a value that its function takes; code of the spec's folder has no options."""
    reward = inputs.spec.spec.reward
    for index, function in enumerate(reward.functions if reward else ()):
        at = ("spec", "reward", "functions", index, "options")
        if ":" in function.use:
            if function.options:
                message = f"`{function.use}` takes no options, but the columns of the rows"
                hint = "remove `options`, and set such values in the code"
                yield diagnostic("CHK243", message, inputs.document.at(at, key=True), hint=hint)
            continue
        wrong = [each for name, value in function.options.items() for each in _value(inputs, (*at, name), value)]
        yield from wrong
        if not wrong and function.use == "length":
            where = inputs.document.at(at if function.options else (*at[:-1], "use"))
            yield from _length(function, where)


def _value(inputs: Inputs, path: FieldPath, value: object) -> Iterator[Diagnostic]:
    """What is wrong with the value of the option at `path`, by itself."""
    where, name = inputs.document.at(path), dotted(path)
    try:
        _adapter(str(path[-1])).validate_python(value)
    except ValidationError as error:
        from compiler.spec.schema.error_texts import wording  # only needed where there is something to tell

        code, message, hint = wording(error.errors(include_url=False)[0])
        yield diagnostic(code, f"`{name}` {message}", where, hint=hint)
        return
    if path[-1] == "pattern":
        why = _not_compiled(str(value))
        if why:
            message = f"`{name}` is no regular expression: {why}"
            yield diagnostic("SPC104", message, where, hint="correct it; a `\\` before a character takes it as it is")
    if path[-1] in ("databases", "schema"):
        yield from _place(name, str(value), where)


def _place(name: str, value: str, where: Location) -> Iterator[Diagnostic]:
    """What is wrong with a path; whether something is there was told when the spec was read."""
    pure = PurePosixPath(value)
    if pure.is_absolute() or ".." in pure.parts or "\\" in value or not pure.name:
        hint = "name a file or folder below the spec's folder, without `..`"
        yield diagnostic("CHK202", f"`{value}` is not below the spec's folder", where, hint=hint)
    elif str(pure) != value:
        message = f"`{name}` is not in the form that the field takes (found `{value}`)"
        yield diagnostic("SPC104", message, where, hint=f"write it as `{pure}`")


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(OPTION_TYPES[name])


def _not_compiled(pattern: str) -> str:
    """Why Python cannot compile a regular expression; empty where it can."""
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern)
    except re.error as error:
        return str(error)
    except (OverflowError, RecursionError):
        return "it repeats or nests too much"
    return ""


def _length(function: RewardFunction, where: Location) -> Iterator[Diagnostic]:
    """What is wrong with the bounds of `length`, each of which is right by itself."""
    options = function.options
    least, most = options.get("least", 0), options.get("most")
    if most is None and least == 0:
        message = "reward `length` has neither `least` nor `most`, so that every answer scores 1"
        yield diagnostic("CHK243", message, where, hint="add `least` or `most`")
    elif isinstance(most, int) and isinstance(least, int) and most < least:
        message = f"`most` {most} of reward `length` is below `least` {least}"
        yield diagnostic("CHK243", message, where, hint="raise `most`, or lower `least`")
    if options.get("unit") == "tokens" and options.get("after") is not None:
        message = "`after` of reward `length` cuts text, and `unit: tokens` counts what the model wrote"
        yield diagnostic("CHK243", message, where, hint="remove `after`, or use `unit: characters`")
