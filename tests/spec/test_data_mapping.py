"""The field `columns` of a source: read by both sides, part of a Job's identity, and refused where it is wrong."""

import json

import pytest
import yaml
from conftest import MakeSpec, demos
from support.command import invoke

from runtime.contract.blocks import DataBlock

PATH = "path: data/demos.jsonl"
OTHER_NAMES = [{"question": row["prompt"], "to": {"say": row["completion"]}, "id": row["id"]} for row in demos()]


def test_a_changed_mapping_is_another_job(make_spec: MakeSpec) -> None:
    rows = [row | {"also": row["completion"]} for row in demos()]
    jobs = []
    for column in ("completion", "also"):
        path = make_spec((PATH, f"{PATH}\n      columns: {{completion: {column}}}"), demos=rows)
        done = invoke("compile", str(path))
        assert done.exit_code == 0, done.output
        (config,) = (path.parent / "plan").glob("02-sft.config.yaml")
        config_map = yaml.safe_load(config.read_text(encoding="utf-8"))
        (block,) = yaml.safe_load(config_map["data"]["config.yaml"])["data"]
        assert block["columns"] == {"completion": column}
        jobs.append(config_map["metadata"]["name"])
    assert jobs[0] != jobs[1]


def test_columns_of_other_names_are_read(make_spec: MakeSpec) -> None:
    path = make_spec((PATH, f"{PATH}\n      columns: {{prompt: question, completion: to.say}}"), demos=OTHER_NAMES)
    done = invoke("check", str(path))
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("columns", "code", "text"),
    [
        ("{answer: completion}", "CHK215", "names `answer`, which is no column of shape `prompt-completion`"),
        ("{cluster: topic}", "CHK217", "`columns.cluster` names `topic`, which no row has"),
        ("{completion: reply}", "CHK203", "60 rows: `columns.completion` names `reply`, which is missing"),
    ],
)
def test_a_wrong_mapping_is_an_error(make_spec: MakeSpec, columns: str, code: str, text: str) -> None:
    done = invoke("check", str(make_spec((PATH, f"{PATH}\n      columns: {columns}"))))
    assert done.exit_code == 1
    assert code in done.stderr
    assert text in done.stderr


def test_a_row_without_its_columns_names_the_ones_that_it_has(make_spec: MakeSpec) -> None:
    done = invoke("check", str(make_spec(demos=[json.loads(json.dumps(row)) for row in OTHER_NAMES])))
    assert done.exit_code == 1
    assert "the row has `question`, `to`, `id`" in done.stderr
    assert "columns: {prompt: question, completion: …}" in done.stderr


def test_a_stage_refuses_an_unknown_column() -> None:
    block = {"path": "a.jsonl", "shape": "messages", "sha256": "0" * 64, "rows": 1}
    assert DataBlock.model_validate(block | {"columns": {"messages": "talk"}}).columns == {"messages": "talk"}
    with pytest.raises(ValueError, match=r"`columns\.answer` is no column of the shape `messages`"):
        DataBlock.model_validate(block | {"columns": {"answer": "a"}})
