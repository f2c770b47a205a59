"""The output of a stage holds no credential: events, termination message, and all of stderr."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from runtime.stage import credentials
from runtime.stage.credentials import masked
from runtime.stage.events import EventStream
from runtime.stage.report import write_termination_message

HUB = "hf_" + "aB3dE5" * 6  # split, so that scanners do not report it as a real one
ODD = 'a "key"\\ without a shape'


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEACHER_API_KEY", ODD)
    monkeypatch.setenv("SHORT_TOKEN", "the")
    credentials._values.cache_clear()
    yield
    credentials._values.cache_clear()


def test_events_and_nested_texts_are_masked() -> None:
    stream = StringIO()
    EventStream(stream).emit(
        "error", message=f"refused:\n{HUB}", hint=[{"why": f"the key {ODD} is not known"}], steps=3
    )
    event = json.loads(stream.getvalue())
    assert event["message"] == "refused:\nhf_***"
    assert event["hint"] == [{"why": "the key *** is not known"}]
    assert event["steps"] == 3


def test_the_termination_message_is_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "termination"
    monkeypatch.setenv("TRAINSPEC_TERMINATION_LOG", str(path))
    write_termination_message({"status": "failed", "message": f"{HUB} and {ODD}", "metrics": {"exact_match": {"n": 1}}})
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "status": "failed",
        "message": "hf_*** and ***",
        "metrics": {"exact_match": {"n": 1}},
    }


def test_a_short_value_of_a_variable_is_no_secret() -> None:
    assert masked("the answer") == "the answer"


def test_stderr_is_masked_whoever_writes(tmp_path: Path) -> None:
    code = (
        "import logging, sys, warnings\n"
        "from runtime.stage.credentials import mask_stderr\n"
        "mask_stderr()\n"
        f"secret = {HUB[:3]!r} + {HUB[3:]!r}\n"
        "print('printed', secret, file=sys.stderr)\n"
        "warnings.warn(secret)\n"
        "logging.basicConfig()\n"
        "logging.error('logged %s', secret)\n"
        "print('\\udc80 stays a line', file=sys.stderr)\n"
        "raise RuntimeError(secret)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(credentials.__file__).parents[2])},
    )
    assert done.returncode == 1
    assert HUB not in done.stderr
    assert done.stderr.count("hf_***") == 4
    assert "stays a line" in done.stderr
