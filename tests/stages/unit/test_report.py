"""Files that are complete or missing, messages that fit, and a stdout with nothing but events."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.contract.errors import EXIT_CODES, StageError, as_write_failure
from runtime.contract.volumes import check_relative
from runtime.stage.answer_log import AnswerLog
from runtime.stage.files import finish_folder, write_json
from runtime.stage.report import TERMINATION_BYTES, fit_message, read_complete, result_message
from runtime.train.checkpoint import MANIFEST_FILE, is_whole, newest_whole, seal


def test_json_is_written_completely_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "metrics.json"
    write_json(path, {"status": "complete", "config_sha256": "a", "名": "值"})
    assert "值" in path.read_text(encoding="utf-8")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_json(path, {"status": "other"})
    assert [entry.name for entry in tmp_path.iterdir()] == ["metrics.json"]
    assert read_complete(tmp_path, "a") is not None
    assert read_complete(tmp_path, "b") is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"status": "complete"}'])
def test_a_broken_metrics_file_does_not_count(tmp_path: Path, text: str) -> None:
    (tmp_path / "metrics.json").write_text(text, encoding="utf-8")
    assert read_complete(tmp_path, "a") is None


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9000) | st.lists(st.integers(), max_size=900)))
def test_the_termination_message_fits_and_stays_json(message: dict[str, Any]) -> None:
    text = fit_message(message)
    assert len(text.encode("utf-8", "surrogatepass")) <= TERMINATION_BYTES
    assert isinstance(json.loads(text), dict)


def test_a_long_message_is_cut_and_the_code_kept() -> None:
    fields = json.loads(fit_message({"code": "RUN710", "message": "数据" * 5000, "exit_code": 65}))
    assert (fields["code"], fields["exit_code"]) == ("RUN710", 65)
    assert len(fields["message"]) > 500


def test_stdout_holds_nothing_but_events() -> None:
    program = (
        "import os\nfrom runtime.stage.events import claim_stdout\nevents = claim_stdout()\nprint('from python')\n"
        "os.system('echo from a child')\nos.write(1, b'from c')\nevents.emit('start', name='训练\\ud800')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert json.loads(done.stdout)["event"] == "start"
    assert b"from python" in done.stderr
    assert b"from a child" in done.stderr


def test_a_reader_that_goes_away_does_not_end_the_stage() -> None:
    program = (
        "from runtime.stage.events import claim_stdout\nevents = claim_stdout()\n"
        "for step in range(5000):\n    events.emit('step', step=step)\nprint('reached')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[3]
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b"reached\n"
        assert process.wait() == 0


def checkpoint(folder: Path, step: int, config: str | None = "a") -> Path:
    path = folder / f"checkpoint-{step}"
    (path / "deep").mkdir(parents=True)
    (path / "optimizer.pt").write_bytes(b"12345")
    (path / "deep" / "x").write_bytes(b"1")
    if config is not None:
        seal(path, config)
    return path


def test_only_a_sealed_and_whole_checkpoint_counts(tmp_path: Path) -> None:
    assert newest_whole(tmp_path / "none", "a") == (None, [])
    good = checkpoint(tmp_path, 9)
    torn, unsealed, other = checkpoint(tmp_path, 10), checkpoint(tmp_path, 11, None), checkpoint(tmp_path, 100, "b")
    (torn / "optimizer.pt").write_bytes(b"1234")
    (tmp_path / "checkpoint-best").mkdir()
    assert newest_whole(tmp_path, "a") == (good, [other.name, unsealed.name, torn.name])
    assert newest_whole(tmp_path, "a") == (good, [])
    assert (tmp_path / f"broken-{torn.name}").is_dir()
    assert not unsealed.exists()  # never finished, so it is ignored
    assert not (tmp_path / f"broken-{unsealed.name}").exists()
    (good / MANIFEST_FILE).write_text("[]", encoding="utf-8")
    assert not is_whole(good, "a")


def test_the_answer_log_drops_partial_lines_and_other_configs(tmp_path: Path) -> None:
    log = AnswerLog(tmp_path, "a")
    assert log.start() == []
    log.append(["一", "b"])
    log.append(["c"])
    with (tmp_path / "answers.partial.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"config_sha256": "a", "ans')
    assert log.start() == [["一", "b"], ["c"]]
    log.append(["d"])
    assert log.start() == [["一", "b"], ["c"], ["d"]]
    assert AnswerLog(tmp_path, "b").start() == []


def test_a_finished_folder_can_be_read_by_others(tmp_path: Path) -> None:
    (tmp_path / ".new").mkdir()
    (tmp_path / ".new" / "weights").write_bytes(b"1")
    (tmp_path / ".new" / "weights").chmod(0o600)
    finish_folder(tmp_path / ".new", tmp_path / "new")
    assert (tmp_path / "new" / "weights").stat().st_mode & 0o777 == 0o644


def test_a_full_disk_is_found_inside_a_wrapping_error() -> None:
    def failure(error: BaseException) -> str | None:
        found = as_write_failure(error)
        return found and found.problem.code

    wrapped = RuntimeError("saving failed")
    wrapped.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert failure(wrapped) == "RUN730"
    assert failure(ValueError("Error while serializing: I/O error: No space left on device (os error 28)")) == "RUN730"
    assert failure(RuntimeError("[enforce fail] . PytorchStreamWriter failed writing file data/0")) == "RUN730"
    lost = RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 8292608 vs 8292500")
    lost.__context__ = RuntimeError("basic_ios::clear: iostream error")
    assert failure(lost) == "RUN730"  # torch, on a disk that fills up in the middle of a tensor
    assert failure(OSError(errno.ENOENT, "gone")) is None
    assert failure(ValueError("other")) is None


def test_every_error_code_has_its_exit_code() -> None:
    sources = (Path(__file__).parents[3] / "runtime").rglob("*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    for code, exit_code in EXIT_CODES.items():
        assert text.count(f'"{code}"') >= 2, f"{code} is in the table and nowhere else"
        assert StageError(code, "message", "hint").exit_code is exit_code


@pytest.mark.parametrize("path", ["a", "a/b.jsonl", "数据/训练.jsonl", "a b/c"])
def test_relative_paths(path: str) -> None:
    assert check_relative(path) == path


@pytest.mark.parametrize("path", ["", ".", "/a", "..", "a/../b", "./a", "a//b", "a/", "a\\b", "a\0b"])
def test_paths_that_could_leave_the_volume(path: str) -> None:
    with pytest.raises(ValueError, match="relative path"):
        check_relative(path)


def evaluation(broken: int) -> dict[str, Any]:
    interval = {"value": 1 / 3, "low": 0.25, "high": 0.5, "n": 90}
    return {
        "status": "complete",
        "method": "evaluate",
        "config_sha256": "0" * 64,
        "ended": "2026-11-22T10:00:00+00:00",
        "wall_seconds": 3.0,
        "metrics": {"exact_match": interval},
        "gate": {"verdict": "continue", "reason": "经 95 % 区间判断", "gain": 0.1, "gain_low": 0.0, "gain_high": 0.2},
        "report": {
            "broken": {"count": broken, "fixed": 1, "ids": [f"{i:064d}" for i in range(broken)], "first": ["x"]}
        },
    }


def test_a_result_fits_into_the_termination_message_with_all_that_evidence_needs() -> None:
    message = result_message(evaluation(broken=500), "d" * 64, "complete", 0)
    text = fit_message(message)
    assert len(text.encode()) <= TERMINATION_BYTES
    message = json.loads(text)
    assert message["metrics"] == {"exact_match": {"value": 0.333333, "low": 0.25, "high": 0.5, "n": 90}}
    assert message["gate"]["reason"] == "经 95 % 区间判断"
    assert message["report"]["broken"]["count"] == 500
    assert 10 < len(message["report"]["broken"]["ids"]) < 500
    assert message["report"]["broken"]["ids"][0] == f"{0:064d}"
    assert message["digest"] == "d" * 64


def test_a_small_result_is_reported_in_full() -> None:
    message = result_message(evaluation(broken=3), "d" * 64, "complete", 0)
    assert message["report"]["broken"]["ids"] == [f"{i:064d}" for i in range(3)]


def test_of_very_many_classes_the_common_ones_are_reported() -> None:
    document = evaluation(broken=500)
    rate = {"fixed": 1, "value": 0.1, "low": 0.0, "high": 0.2}
    classes = {f"class {number:03d}": {**rate, "n": number} for number in range(200)}
    document["report"]["badcases"] = {"metric": "exact_match", **rate, "n": 900, "classes": classes}
    message = json.loads(fit_message(result_message(document, "d" * 64, "complete", 0)))
    assert message["report"]["badcases"]["n"] == 900
    assert list(message["report"]["badcases"]["classes"])[-1] == "class 199"
    assert 5 < len(message["report"]["badcases"]["classes"]) < 100
