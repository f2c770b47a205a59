"""JSON Schemas of the spec language, for editors: one for specs, profiles and evidence each."""

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from compiler.spec.schema import DOCUMENTS, EVIDENCE

FILES = {
    "training-spec.schema.json": "TrainingSpec",
    "cluster-profile.schema.json": "ClusterProfile",
    "evidence.schema.json": "Evidence",
}


class _Plain(GenerateJsonSchema):
    """Omits the titles of fields: editors show the description below the field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def kinds() -> tuple[str, ...]:
    """Return the names of all schemas: the kinds of documents, and `Evidence` for any evidence."""
    return ("TrainingSpec", "ClusterProfile", "Evidence", *(model.__name__ for model in EVIDENCE))


def json_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of a kind of `kinds()`."""
    if kind == "Evidence":
        return _evidence()
    return DOCUMENTS[kind].model_json_schema(by_alias=True, schema_generator=_Plain)


def _evidence() -> dict[str, Any]:
    """Return one schema for all evidence, so that all files of `evidence/` have one modeline."""
    keys, schema = models_json_schema(
        [(model, "validation") for model in EVIDENCE], by_alias=True, schema_generator=_Plain
    )
    return schema | {
        "title": "Evidence",
        "description": "A measurement, one document per file of `evidence/`; its kind decides its fields.",
        "oneOf": [keys[model, "validation"] for model in EVIDENCE],
    }


def text(kind: str) -> str:
    """Return the JSON Schema of a kind as the text of a file."""
    return json.dumps(json_schema(kind), ensure_ascii=False, indent=2) + "\n"
