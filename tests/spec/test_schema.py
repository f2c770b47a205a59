"""JSON Schemas: they match the models, describe every field, and accept what the compiler accepts."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import PROFILE, ROUNDS, SPEC, document_of
from support.command import invoke

from compiler.explain.docs.json_schema import FILES, json_schema, kinds, text
from compiler.spec.schema import EVIDENCE

FOLDER = Path(__file__).parent.parent.parent / "specs" / "schema"
FILE_NAMES = sorted(FILES)


@pytest.mark.parametrize("name", FILE_NAMES)
def test_the_committed_json_schema_is_that_of_the_models(name: str, update_golden: bool) -> None:
    path = FOLDER / name
    if update_golden:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text(FILES[name]), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text(FILES[name])


def test_no_schema_is_left_over() -> None:
    assert sorted(each.name for each in FOLDER.iterdir()) == FILE_NAMES


@pytest.mark.parametrize("kind", kinds())
def test_schema_describes_every_field(kind: str) -> None:
    schema = json.loads(invoke("schema", kind).stdout)
    models = [schema, *schema["$defs"].values()]
    assert sum("properties" in model for model in models) >= 3
    for model in models:
        for name, field in model.get("properties", {}).items():
            # of two equal descriptions, of a field and of the model that it holds, pydantic writes the model's
            description = field.get("description") or schema["$defs"][field["$ref"].rpartition("/")[2]]["description"]
            assert description.endswith("."), (model["title"], name)


def test_an_unknown_kind_names_those_that_are_known() -> None:
    done = invoke("schema", "PromptRound")
    assert done.exit_code == 2
    assert "PromptRounds" in done.stderr


@pytest.mark.parametrize(("kind", "good"), [("TrainingSpec", SPEC), ("ClusterProfile", PROFILE), ("Evidence", ROUNDS)])
def test_editors_agree_with_the_compiler(kind: str, good: str) -> None:
    schema = json_schema(kind)
    data: Any = document_of(good).data
    jsonschema.validate(data, schema)
    for wrong in (data | {"kind": "Nothing"}, data | {"more": 1}, {**data, "spec": None}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_one_schema_serves_every_kind_of_evidence() -> None:
    schema = json_schema("Evidence")
    named = {
        schema["$defs"][each["$ref"].rpartition("/")[2]]["properties"]["kind"]["const"] for each in schema["oneOf"]
    }
    assert named == {model.__name__ for model in EVIDENCE}
