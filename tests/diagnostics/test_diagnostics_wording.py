"""Messages for values that a schema rejects: our words, never those of the library."""

import datetime
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from compiler.spec.schema import DOCUMENTS
from compiler.spec.schema.error_texts import wording


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: str


def worded(annotation: Any, value: object) -> tuple[str, str, str]:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(annotation, config=None).validate_python(value)
    return wording(caught.value.errors()[0])


Strict = Field(strict=True)


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (str, 3, ("SPC103", "must be text, not `3`", "put it in quotes")),
        (str, None, ("SPC103", "must be text, but has no value", "write text")),
        (Annotated[int, Strict], "3", ("SPC103", "must be a whole number, not `3`", "remove the quotes")),
        (Annotated[int, Strict], "3.5", ("SPC103", "must be a whole number, not `3.5`", "write a whole number")),
        (Annotated[int, Strict], 3.5, ("SPC103", "must be a whole number, not `3.5`", "write a whole number")),
        (Annotated[float, Strict], "0.9", ("SPC103", "must be a number, not `0.9`", "remove the quotes")),
        (Annotated[float, Strict], "high", ("SPC103", "must be a number, not `high`", "write a number")),
        (
            Annotated[bool, Strict],
            "yes",
            ("SPC103", "must be `true` or `false`, not `yes`", "write `true` or `false`, without quotes"),
        ),
        (
            list[str],
            "a",
            ("SPC103", "must be a list, not `a`", "write each entry on its own line, beginning with `- `"),
        ),
        (list[str], None, ("SPC103", "must be a list, but has no value", "write a list")),
        (Model, "a", ("SPC103", "must be a mapping of fields, not `a`", "write a mapping of fields")),
        (Model, [], ("SPC103", "must be a mapping of fields, not a list", "write a mapping of fields")),
        (dict[str, str], [], ("SPC103", "must be a mapping of fields, not a list", "write a mapping of fields")),
        (
            datetime.date,
            "soon",
            ("SPC103", "must be a date such as `2026-01-31`, not `soon`", "write a date such as `2026-01-31`"),
        ),
        (
            Annotated[float, Field(le=1)],
            31,
            ("SPC104", "must be a number of at most 1, not `31`", "use a number of at most 1"),
        ),
        (Annotated[int, Field(gt=0)], 0, ("SPC104", "must be a number above 0, not `0`", "use a number above 0")),
        (
            Annotated[str, Field(min_length=1)],
            "",
            ("SPC104", "must be text of 1 or more characters, not empty text", "use text of 1 or more characters"),
        ),
        (
            Annotated[list[int], Field(min_length=2)],
            [1],
            ("SPC104", "must be a list of 2 or more entries, not a list of 1", "use a list of 2 or more entries"),
        ),
        (Literal["a", "bold"], "bolt", ("SPC104", "must be `a` or `bold`, not `bolt`", "did you mean `bold`?")),
        (
            Literal["流程", "问答", "x"],
            "zzz",
            ("SPC104", "must be `流程`, `问答` or `x`, not `zzz`", "use `流程`, `问答` or `x`"),
        ),
        (
            Annotated[str, Field(pattern="^[A-Z]+$")],
            "a" * 99,
            (
                "SPC104",
                f"has the wrong form: `{'a' * 60}…`",
                "write text that matches `^[A-Z]+$`",
            ),
        ),
    ],
)
def test_wording(annotation: Any, value: object, expected: tuple[str, str, str]) -> None:
    assert worded(annotation, value) == expected


ODD: list[object] = [None, True, "", "x", "Ω Ω", "no", 0, -1, 1.5, 10**12, float("inf"), [], ["x"], [{}], {}, {"x": 1}]


def models(model: Any, seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """Return the models inside an annotation or a model, itself included."""
    if isinstance(model, type) and issubclass(model, BaseModel) and model not in seen:
        seen.add(model)
        for info in model.model_fields.values():
            models(info.annotation, seen)
    for inner in get_args(model):
        models(inner, seen)
    return seen


def refusals(model: type[BaseModel]) -> Iterator[Any]:
    for name, info in model.model_fields.items():
        for value in ODD:
            try:
                model.model_validate({info.alias or name: value})
            except ValidationError as error:
                yield from error.errors()


def every_model() -> list[type[BaseModel]]:
    seen: set[type[BaseModel]] = set()
    for model in DOCUMENTS.values():
        models(model, seen)
    return sorted(seen, key=lambda each: (each.__module__, each.__name__))


@pytest.mark.parametrize("model", every_model(), ids=lambda model: model.__name__)
def test_every_error_of_the_schemas_has_a_message(model: type[BaseModel]) -> None:
    unworded = set()
    for detail in refusals(model):
        if detail["type"] in ("missing", "extra_forbidden"):
            continue
        _, message, hint = wording(detail)
        assert "nput should" not in message + hint
        if "trainspec schema" in hint:
            unworded.add(detail["type"])
    assert unworded == set()
