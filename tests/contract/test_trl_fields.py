"""Generated files are in step with what they are generated from."""

import json
from pathlib import Path

import pytest
from trl_table import trl_table

from compiler.schema import DOCUMENTS
from compiler.trainer_fields import RUNTIME_FIELDS, trl_fields

ROOT = Path(__file__).parent.parent.parent
SCHEMAS = {"TrainingSpec": "training-spec", "ClusterProfile": "cluster-profile"}


def test_the_table_of_trainer_fields_is_that_of_the_installed_trl(update_golden: bool) -> None:
    path = ROOT / "compiler" / "trl_fields.json"
    text = json.dumps(trl_table(), indent=1, sort_keys=True) + "\n"
    if update_golden:
        path.write_text(text, encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(text)


def test_fields_of_the_runtime_exist() -> None:
    known = set().union(*trl_fields().values())
    assert RUNTIME_FIELDS.keys() <= known


@pytest.mark.parametrize("kind", sorted(SCHEMAS))
def test_the_committed_json_schema_is_that_of_the_models(kind: str, update_golden: bool) -> None:
    path = ROOT / "specs" / "schema" / f"{SCHEMAS[kind]}.schema.json"
    (model,) = (model for (_, name), model in DOCUMENTS.items() if name == kind)
    text = json.dumps(model.model_json_schema(by_alias=True), ensure_ascii=False, indent=2) + "\n"
    if update_golden:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
