"""Git LFS pointers among the inputs of a stage, which a clone or a copy without LFS brings."""

from pathlib import Path

import pytest

from compiler.diagnostics.examples.project import POINTER
from runtime.contract.blocks import DataBlock, ModelBlock, RewardBlock
from runtime.contract.digests import content_digest
from runtime.contract.errors import StageError
from runtime.contract.goal_blocks import MetricBlock
from runtime.contract.volumes import Volumes
from runtime.data.rows import read_rows
from runtime.model.load import check_model_files
from runtime.scoring.metrics import Judges, reference_faults
from runtime.scoring.planned import require_planned
from runtime.scoring.rewards.options import read_options


@pytest.fixture
def volumes(tmp_path: Path) -> Volumes:
    model = tmp_path / "models" / "tiny" / "1"
    model.mkdir(parents=True)
    (model / "config.json").write_text("{}", encoding="utf-8")
    (model / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    (tmp_path / "data" / "databases").mkdir(parents=True)
    return Volumes(models=tmp_path / "models", data=tmp_path / "data", outputs=tmp_path)


def problem(error: pytest.ExceptionInfo[StageError]) -> str:
    found = error.value.problem
    assert (found.code, "git lfs pull" in found.hint) == ("RUN706", True)
    return found.message


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_model_file_that_is_a_pointer(volumes: Volumes, name: str) -> None:
    block = ModelBlock(path="tiny/1", adapters=[], dtype="float32", trust_remote_code=False)
    check_model_files(block, volumes)
    (volumes.models / "tiny" / "1" / name).write_text(POINTER, encoding="utf-8")
    with pytest.raises(StageError) as caught:
        check_model_files(block, volumes)
    assert f"`{name}` of `tiny/1` is a Git LFS pointer" in problem(caught)


def test_a_database_that_is_a_pointer(volumes: Volumes) -> None:
    (volumes.data / "databases" / "shop.0.sql").write_text(POINTER, encoding="utf-8")
    metric = MetricBlock(name="execution_accuracy", databases="databases")
    with Judges() as judges, pytest.raises(StageError) as caught:
        reference_faults([], metric, volumes.data, judges)
    assert "`shop.0.sql` of `databases` is" in problem(caught)


def test_data_that_is_a_pointer_is_not_merely_another_file(volumes: Volumes) -> None:
    (volumes.data / "rows.jsonl").write_text(POINTER, encoding="utf-8")
    block = {"path": "rows.jsonl", "shape": "text", "sha256": content_digest(b"{}"), "rows": 1}
    with pytest.raises(StageError) as caught:
        read_rows([DataBlock.model_validate(block)], volumes)
    assert "`rows.jsonl` is a Git LFS pointer" in problem(caught)


def test_reward_code_and_a_schema_that_are_pointers(volumes: Volumes) -> None:
    for name in ("own.py", "schema.json"):
        (volumes.data / name).write_text(POINTER, encoding="utf-8")
    with pytest.raises(StageError) as caught:
        require_planned({"own.py": content_digest(b"def score(): ...\n")}, volumes.data, "the reward")
    assert "`own.py` is a Git LFS pointer" in problem(caught)
    with pytest.raises(StageError) as caught:
        read_options(RewardBlock(use="json_schema", weight=1.0, options={"schema": "schema.json"}), volumes)
    assert "`schema.json` is a Git LFS pointer" in problem(caught)
