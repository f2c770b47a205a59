"""Keywords of JSON Schema whose value has a wrong form: libraries refuse some of them, and apply none of the others.

The forms are those of JSON Schema 2020-12 and of the drafts before it that people still write.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(each, str) and each in _TYPES for each in names)


def _is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and re.compile(value) is not None
    except (re.error, OverflowError, RecursionError):
        return False


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict | bool)


def _is_schemas(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_schema, value.values()))


def _is_list_of_schemas(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_schema, value))


Form = tuple[Callable[[Any], bool], str]
_COUNT: Form = (_is_count, "a whole number, not negative")
_NUMBER: Form = (_is_number, "a number")
_BOUND: Form = (lambda value: isinstance(value, bool) or _is_number(value), "a number")
_SCHEMA: Form = (_is_schema, "a schema: an object, true or false")
_SCHEMAS: Form = (_is_schemas, "an object whose values are schemas")
_LIST: Form = (_is_list_of_schemas, "a list of schemas")
_FORMS: Mapping[str, Form] = {
    "type": (_is_type, f"one or a list of {', '.join(f'`{each}`' for each in _TYPES)}"),
    "enum": (lambda value: isinstance(value, list) and bool(value), "a list of values"),
    "required": (_is_names, "a list of names"),
    "pattern": (_is_pattern, "a regular expression"),
    "uniqueItems": (lambda value: isinstance(value, bool), "true or false"),
    "multipleOf": (lambda value: _is_number(value) and value > 0, "a number above 0"),
    "items": (lambda value: _is_schema(value) or isinstance(value, list), "a schema: an object, true or false"),
    **dict.fromkeys(("minimum", "maximum"), _NUMBER),
    # true and false in draft 4
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), _BOUND),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _COUNT),
    **dict.fromkeys(("minProperties", "maxProperties", "minContains", "maxContains"), _COUNT),
    **dict.fromkeys(
        ("additionalProperties", "additionalItems", "not", "if", "then", "else", "contains", "propertyNames",
         "unevaluatedItems", "unevaluatedProperties"),
        _SCHEMA,
    ),
    **dict.fromkeys(("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"), _SCHEMAS),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), _LIST),
}  # fmt: skip


def keyword_fault(schema: Any) -> str:
    """Return the first keyword of a schema, or of one in it, whose value has a wrong form; empty if there is none."""
    waiting = [("", schema)]
    while waiting:
        place, each = waiting.pop()
        if not isinstance(each, dict):
            continue
        for name, (fits, form) in _FORMS.items():
            if name in each and not fits(each[name]):
                return f"is not a JSON schema: `{place}{name}` must be {form}"
        waiting += reversed([(f"{place}{name}.", inner) for name, inner in _schemas_in(each)])
    return ""


def _schemas_in(schema: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the schemas right below a schema, each with its place."""
    found: list[tuple[str, Any]] = []
    for name, value in schema.items():
        form = _FORMS.get(name, (None, ""))
        if form == _SCHEMAS:
            found += [(f"{name}.{key}", inner) for key, inner in value.items()]
        elif form == _SCHEMA or (name == "items" and isinstance(value, dict)):
            found.append((name, value))
        elif form == _LIST or name == "items":
            found += [(f"{name}[{at}]", inner) for at, inner in enumerate(value if isinstance(value, list) else ())]
    return found
