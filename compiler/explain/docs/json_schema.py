"""JSON Schemas of the spec language, for editors: one file a kind of spec or profile, and one for all evidence."""

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
    """Without a title for each field: editors show the description below the field's own name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def kinds() -> tuple[str, ...]:
    """What a schema can be asked for: every kind of document, and `Evidence` for any kind of evidence."""
    return ("TrainingSpec", "ClusterProfile", "Evidence", *(model.__name__ for model in EVIDENCE))


def json_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind of `kinds()`."""
    if kind == "Evidence":
        return _evidence()
    return DOCUMENTS[kind].model_json_schema(by_alias=True, schema_generator=_Plain)


def _evidence() -> dict[str, Any]:
    """Every kind of evidence in one schema, so that one modeline serves all files of `evidence/`."""
    keys, schema = models_json_schema(
        [(model, "validation") for model in EVIDENCE], by_alias=True, schema_generator=_Plain
    )
    return schema | {
        "title": "Evidence",
        "description": "What was measured, one document a file of `evidence/`; its kind says what it holds.",
        "oneOf": [keys[model, "validation"] for model in EVIDENCE],
    }


def text(kind: str) -> str:
    """The JSON Schema of a kind as the text of a file."""
    return json.dumps(json_schema(kind), ensure_ascii=False, indent=2) + "\n"
