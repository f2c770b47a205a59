"""Builds the table of TRL's trainer fields that the compiler ships, from the installed TRL."""

import dataclasses
import types
import typing
from importlib.metadata import version

from compiler.spec.methods import METHODS

KINDS = {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict"}


def trl_table() -> dict[str, object]:
    """The table: versions, and for each config class its fields, each with the kinds of value it takes."""
    import transformers
    import trl

    names = {row.trl_config for row in METHODS.values() if row.trains} - {"PPOConfig"}  # it is the runtime's own
    configs = {name: getattr(trl, name) for name in names} | {"TrainingArguments": transformers.TrainingArguments}
    return {
        "versions": {name: version(name) for name in ("transformers", "trl")},
        "configs": {name: fields_of(config) for name, config in configs.items()},
    }


def fields_of(config: type) -> dict[str, list[str]]:
    """Field name → kinds of value that the field takes, sorted."""
    hints = typing.get_type_hints(config)
    fields = (field for field in dataclasses.fields(config) if field.init)
    return {field.name: kinds_of(hints[field.name]) for field in sorted(fields, key=lambda field: field.name)}


def kinds_of(hint: object) -> list[str]:
    """The kinds in a type hint; an enum or another class is written as text in YAML."""
    if hint is type(None):
        return ["null"]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return sorted({kind for part in typing.get_args(hint) for kind in kinds_of(part)})
    if typing.get_origin(hint) is typing.Literal:
        return sorted({KINDS[type(value)] for value in typing.get_args(hint)})
    return [KINDS.get(typing.get_origin(hint) or hint, "str")]  # type: ignore[call-overload]
