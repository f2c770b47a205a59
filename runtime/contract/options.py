"""Options of rewards and metrics: their types, and the combinations that are invalid."""

import re
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from runtime.contract.volumes import check_relative

_AROUND_LABELS = " \t\n.。,，!！;；:：\"'`*“”‘’「」[]【】()（）<>《》"


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


def label_key(text: str) -> str:
    """Return a label as it is compared: without case, width, white space, and punctuation around it."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return folded.strip(_AROUND_LABELS)


def check_distinct(labels: list[str]) -> list[str]:
    """Return `labels` if each is a label of its own as answers are compared; raise ValueError otherwise."""
    first: dict[str, str] = {}
    for label in labels:
        key = label_key(label)
        if not key:
            raise ValueError(f"has `{label}`, which is punctuation only")
        if key in first:
            same = "twice" if first[key] == label else f"and `{first[key]}`, which differ only in case or punctuation"
            raise ValueError(f"names `{label}` {same}")
        first[key] = label
    return labels


_Path = Annotated[str, Field(min_length=1), AfterValidator(check_relative)]

_Phrase = Annotated[str, Field(min_length=1, max_length=200)]

FILE_OPTIONS = ("databases", "rubric", "schema")  # they name a folder or a file below the spec's folder

# An option has the same type in every function and every metric of the library.
OPTION_TYPES: Mapping[str, Any] = {
    "after": Annotated[str, Field(min_length=1, max_length=100)] | None,
    "databases": _Path,
    "fold": bool,
    "labels": Annotated[list[_Phrase], Field(min_length=2, max_length=1000), AfterValidator(check_distinct)],
    "least": Annotated[int, Field(ge=0)],
    "most": Annotated[int, Field(ge=1)] | None,
    "need": Literal["all", "any"],
    "passes_at": Annotated[float, Field(gt=0, le=1)],
    "pattern": Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(check_pattern)],
    "phrases": Annotated[list[_Phrase], Field(min_length=1, max_length=100)],
    "rubric": _Path,
    "schema": _Path,
    "separator": Annotated[str, Field(min_length=1, max_length=20)],
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


def option_faults(options: Mapping[str, Any], known: Sequence[str], needed: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with each option of a function that knows and needs these, with its name."""
    for name in needed:
        if name not in options:
            yield f"`{name}`: field required"
    for name, value in options.items():
        if name not in known:
            yield f"`{name}`: extra inputs are not permitted"
        elif error := option_error(name, value):
            message = error["msg"].removeprefix("Value error, ")
            yield f"`{name}`: {message[:1].lower()}{message[1:]}"


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
