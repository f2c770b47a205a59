"""The seconds of each run of a stage, also of a run that was killed."""

import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from runtime.stage.parts import PARTS_FILE, counted_parts, forget_parts

KILLED = """
import os, signal, sys, time
from pathlib import Path
from runtime.stage.parts import counted_parts
with counted_parts(Path(sys.argv[1]), "a", time.monotonic()):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_each_run_of_a_config_counts(tmp_path: Path) -> None:
    with suppress(KeyError), counted_parts(tmp_path, "a", time.monotonic()):
        raise KeyError
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, cwd=Path(__file__).parents[3])
    with counted_parts(tmp_path, "a", time.monotonic()) as parts:
        assert len(parts()) == 3
        assert all(seconds >= 0 for seconds in parts())
    with counted_parts(tmp_path, "b", time.monotonic()) as parts:
        assert len(parts()) == 1  # another config is another stage
    forget_parts(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "[]", "{", '{"config_sha256": "a"}', '{"config_sha256": "a", "seconds": ["x"]}'])
def test_a_damaged_file_does_not_count(tmp_path: Path, text: str) -> None:
    (tmp_path / PARTS_FILE).write_text(text, encoding="utf-8")
    with counted_parts(tmp_path, "a", time.monotonic()) as parts:
        assert len(parts()) == 1
    assert len(json.loads((tmp_path / PARTS_FILE).read_text(encoding="utf-8"))["seconds"]) == 1


def test_a_folder_that_is_gone_does_not_end_the_stage(tmp_path: Path) -> None:
    with counted_parts(tmp_path / "gone", "a", time.monotonic()) as parts:
        assert len(parts()) == 1
