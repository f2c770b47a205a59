"""Documents made from the schema alone, so that a new field is covered as soon as it exists."""

import datetime
from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

from compiler.explain.docs.json_schema import json_schema

Schema = Mapping[str, Any]
Value = st.SearchStrategy[Any]

MOST_OPTIONAL = 3  # optional fields that one object is given at most


def documents(kind: str, known: Mapping[str, Value]) -> Value:
    """Documents of a kind that follow its schema. `known` gives values of fields by name, such as paths that exist."""
    schema = json_schema(kind)
    return _Maker(schema.get("$defs", {}), known).of(schema)


class _Maker:
    """Makes strategies from the parts of one schema, each definition once."""

    def __init__(self, definitions: Mapping[str, Schema], known: Mapping[str, Value]) -> None:
        self._definitions = definitions
        self._known = known
        self._made: dict[str, Value] = {}

    def of(self, schema: Schema) -> Value:
        if "$ref" in schema:
            return self._defined(schema["$ref"].rsplit("/", 1)[1])
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return st.one_of([self.of(each) for each in schema[union]])
        return getattr(self, f"_{schema.get('type', 'null')}")(schema)

    def _defined(self, name: str) -> Value:
        if name not in self._made:
            self._made[name] = st.deferred(lambda: self.of(self._definitions[name]))
        return self._made[name]

    def _object(self, schema: Schema) -> Value:
        fields = schema.get("properties")
        if fields is None:
            values = schema.get("additionalProperties")
            return st.dictionaries(WORDS, self.of(values) if isinstance(values, dict) else WORDS, max_size=3)
        made = {name: self._field(name, inner) for name, inner in fields.items()}
        required = [name for name in made if name in schema.get("required", ())]
        return _objects(made, required, [name for name in made if name not in required])

    def _field(self, name: str, schema: Schema) -> Value:
        return self._known[name] | self.of(schema) if name in self._known else self.of(schema)

    def _array(self, schema: Schema) -> Value:
        least = schema.get("minItems", 0)
        return st.lists(
            self.of(schema["items"]), min_size=least, max_size=max(least, min(schema.get("maxItems", 3), 3))
        )

    def _string(self, schema: Schema) -> Value:
        most = schema.get("maxLength", 100)
        if schema.get("format") == "date":
            return st.dates(datetime.date(2020, 1, 1), datetime.date(2030, 1, 1)).map(str)
        if "pattern" in schema:
            return _matching(schema["pattern"]).filter(lambda text: len(text) <= most)
        return TEXT.map(lambda text: text[:most]).filter(lambda text: len(text) >= schema.get("minLength", 0))

    def _integer(self, schema: Schema) -> Value:
        return st.integers(schema.get("minimum", -100), schema.get("maximum", 10_000))

    def _number(self, schema: Schema) -> Value:
        low, high = schema.get("minimum", schema.get("exclusiveMinimum", -1e9)), schema.get("maximum", 1e9)
        return st.floats(low, high, exclude_min="exclusiveMinimum" in schema)

    def _boolean(self, _: Schema) -> Value:
        return st.booleans()

    def _null(self, _: Schema) -> Value:
        return st.none()


@st.composite
def _objects(draw: st.DrawFn, made: Mapping[str, Value], required: list[str], optional: list[str]) -> dict[str, Any]:
    more = draw(st.lists(st.sampled_from(optional), max_size=MOST_OPTIONAL, unique=True)) if optional else []
    return {name: draw(made[name]) for name in (*required, *more)}


@cache
def _matching(pattern: str) -> Value:
    return st.from_regex(pattern.replace(r"\s", " \t\n"), fullmatch=True)


WORDS = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)
TEXT = st.text(max_size=40) | st.sampled_from(
    ["退换货问答", "一句话，说明目标。", "naïve ﬁnancial 😀", "a | b `c` <d> [e](f)"]
)
