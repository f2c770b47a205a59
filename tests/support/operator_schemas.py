"""The CustomResourceDefinitions of the operators that plans are rendered for, as schemas that know no other fields."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

CRDS = Path(__file__).parents[1] / "contract" / "crds"


@cache
def definitions() -> tuple[dict[str, Any], ...]:
    """The definitions, as they are created on a cluster."""
    return tuple(json.loads(path.read_text(encoding="utf-8")) for path in sorted(CRDS.glob("*.json")))


def problems(manifest: dict[str, Any]) -> list[str]:
    """What is wrong with an object of one of these kinds: each field with the reason, unknown fields too."""
    group, _, version = manifest["apiVersion"].partition("/")
    (schema,) = (
        each["schema"]["openAPIV3Schema"]
        for definition in definitions()
        for each in definition["spec"]["versions"]
        if (definition["spec"]["group"], definition["spec"]["names"]["kind"], each["name"])
        == (group, manifest["kind"], version)
    )
    found = jsonschema.Draft202012Validator(_closed(schema)).iter_errors(manifest)
    return [f"{each.json_path}: {each.message}" for each in found]


def _closed(schema: Any) -> Any:
    """A structural schema under which a field that it does not name is an error, as strict validation has it."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(each) for name, each in schema.items()}
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object" and not open_ended:
        closed["additionalProperties"] = False
    return closed
