"""JSON Schemas, for editors: of specs, profiles and evidence, and of the rows of traces and badcases."""

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from compiler.spec.schema import DOCUMENTS, EVIDENCE
from runtime.contract.data.columns import BadcaseClass
from runtime.contract.traces import Trace

FILES = {
    "training-spec.schema.json": "TrainingSpec",
    "cluster-profile.schema.json": "ClusterProfile",
    "evidence.schema.json": "Evidence",
}
ROWS = ("trace", "badcase")  # kinds of rows, one JSON object a line


class _Plain(GenerateJsonSchema):
    """Omits the titles of fields: editors show the description below the field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def kinds() -> tuple[str, ...]:
    """Return the kinds of documents that have a schema, and `Evidence` for any evidence."""
    return ("TrainingSpec", "ClusterProfile", "Evidence", *(model.__name__ for model in EVIDENCE))


def json_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of a kind of `kinds()` or `ROWS`."""
    if kind == "Evidence":
        return _evidence()
    if kind == "trace":
        return Trace.model_json_schema(by_alias=True, schema_generator=_Plain)
    if kind == "badcase":
        return _badcase()
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


def _badcase() -> dict[str, Any]:
    """Return the schema of a row of shape `badcase`, of which `trainspec import` writes some without their `fix`."""
    texts = {
        "fix": "The right answer; a row without it cannot be trained on yet.",
        "answer": "The wrong answer that was logged, if there is one.",
        "kind": "A kind of the badcase report.",
        "component": "The component of the first error.",
        "model": "The model that answered, `name/revision`.",
        "prompt_version": "The version of the prompt that was used.",
        "comment": "What the person who gave the feedback wrote.",
    }
    classes = [str(each) for each in BadcaseClass]
    columns: dict[str, Any] = {
        "id": {"type": ["string", "integer"], "description": "The id of the badcase, or of its trace."},
        "prompt": {"type": ["string", "array"], "description": "The query, as text or as turns of a chat."},
        "class": {"enum": classes, "description": "How the badcase occurs."},
    }
    columns |= {name: {"type": "string", "description": description} for name, description in texts.items()}
    schema = {"title": "Badcase", "description": "A badcase, one JSON object a line.", "type": "object"}
    return schema | {"properties": columns, "required": ["id", "prompt"]}


def text(kind: str) -> str:
    """Return the JSON Schema of a kind as the text of a file."""
    return json.dumps(json_schema(kind), ensure_ascii=False, indent=2) + "\n"
