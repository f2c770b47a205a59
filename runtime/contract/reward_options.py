"""Options of rewards: their types, and the combinations that are invalid."""

import re
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from runtime.contract.volumes import check_relative


def check_pattern(pattern: str) -> str:
    """Return `pattern` if Python can compile it; raise ValueError with the reason otherwise."""
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    except (OverflowError, RecursionError) as error:
        raise ValueError("is not a regular expression: it repeats or nests too much") from error
    return pattern


_Path = Annotated[str, Field(min_length=1), AfterValidator(check_relative)]

# An option has the same type in every function of the library.
OPTION_TYPES: Mapping[str, Any] = {
    "after": Annotated[str, Field(min_length=1, max_length=100)] | None,
    "databases": _Path,
    "least": Annotated[int, Field(ge=0)],
    "most": Annotated[int, Field(ge=1)] | None,
    "pattern": Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(check_pattern)],
    "schema": _Path,
    "unit": Literal["characters", "tokens"],
}


LengthClash = Literal["no bound", "bounds crossed", "marker and tokens"]


def option_error(name: str, value: object) -> ErrorDetails | None:
    """Return pydantic's error if `value` is invalid for the option `name`, otherwise None."""
    try:
        _adapter(name).validate_python(value)
    except ValidationError as error:
        return error.errors(include_url=False)[0]
    return None


def length_clashes(options: Mapping[str, Any]) -> Iterator[LengthClash]:
    """Yield the conflicts between options of `length` that are valid individually.

    `after` cuts text, so it conflicts with `unit: tokens`, which counts the tokens that the model wrote.
    """
    least, most = options.get("least", 0), options.get("most")
    if most is None and least == 0:
        yield "no bound"
    elif most is not None and most < least:
        yield "bounds crossed"
    if options.get("unit") == "tokens" and options.get("after") is not None:
        yield "marker and tokens"


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(OPTION_TYPES[name], config=ConfigDict(strict=True))
