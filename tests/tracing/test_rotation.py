import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tracing.conftest import traces_in

from runtime.trace import counts, record, step
from runtime.trace.rotation import RotatingFile

ROOT = Path(__file__).parents[2]
LINE = b'{"schema":"' + b"x" * 90 + b'"}\n'
WRITER = """
import sys
from runtime.trace import configure, record, step
configure(path=sys.argv[1], file_bytes=int(sys.argv[2]), files_kept=100)
print("ready", flush=True)
for number in range(int(sys.argv[4])):
    with record(f"query {number}", id=f"{sys.argv[3]}-{number}") as trace:
        with step("model", "x" * (200 + number * 977 % 150_000), kind="model") as call:
            call.output = "y" * 100
        trace.answer = number
    print(number, flush=True)
"""


def writer(path: Path, name: str, count: int, size: int = 64 << 20) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), str(size), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


@pytest.mark.slow
@pytest.mark.parametrize("size", [64 << 20, 1 << 20])
def test_processes_that_share_a_file_lose_and_mix_nothing(tmp_path: Path, size: int) -> None:
    path = tmp_path / "deep" / "t.jsonl"
    running = [writer(path, name, 60, size) for name in "abc"]
    assert [each.communicate()[0] and each.returncode for each in running] == [0, 0, 0]
    written = [each["id"] for each in traces_in(path)]
    assert sorted(written) == sorted(f"{name}-{number}" for name in "abc" for number in range(60))
    files = sorted(path.parent.iterdir())
    assert all(file.stat().st_size <= size for file in files)
    assert (len(files) > 5) == (size == 1 << 20)


@pytest.mark.slow
def test_a_kill_loses_at_most_the_trace_that_is_being_written(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    for kill in range(4):
        running = writer(path, f"k{kill}", 10**6)
        assert running.stdout is not None
        done = -1
        for line in running.stdout:
            done = done if line.strip() == "ready" else int(line)
            if done >= 15 + 7 * kill:
                break
        running.send_signal(signal.SIGKILL)
        rest = running.communicate()[0].splitlines()
        done = int(rest[-1]) if rest and rest[-1].isdigit() else done
        if not path.read_bytes().endswith(b"\n"):
            RotatingFile(str(path), 1 << 30, 1).append(LINE)  # removes what was not finished
            path.write_bytes(path.read_bytes().removesuffix(LINE))
        written = {each["id"] for each in traces_in(path)}
        assert written >= {f"k{kill}-{number}" for number in range(done + 1)}


@pytest.mark.parametrize("torn", [b'{"sch', LINE[:-1], LINE[:50], b'{"schema":' + b"y" * 200_000])
def test_an_unfinished_line_is_removed_by_the_next_writer(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "t.jsonl"
    for before in (b"", LINE * 3):
        path.write_bytes(before + torn)
        RotatingFile(str(path), 1 << 30, 1).append(LINE)
        assert path.read_bytes() == before + LINE


def test_text_of_somebody_else_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"notes of the team")
    RotatingFile(str(path), 1 << 30, 1).append(LINE)
    assert path.read_bytes() == b"notes of the team\n" + LINE


def test_full_files_are_numbered_and_the_oldest_goes(tmp_path: Path) -> None:
    file = RotatingFile(str(tmp_path / "t.jsonl"), 3 * len(LINE), 2)
    for number in range(10):
        file.append(LINE.replace(b"x", str(number).encode()))
    names = {path.name: len(lines_of(path)) for path in tmp_path.iterdir()}
    assert names == {"t.jsonl": 1, "t.jsonl.1": 3, "t.jsonl.2": 3}
    assert b"9" in (tmp_path / "t.jsonl").read_bytes()
    assert b"8" in (tmp_path / "t.jsonl.1").read_bytes()


def test_a_line_longer_than_a_file_gets_a_file_of_its_own(tmp_path: Path) -> None:
    file = RotatingFile(str(tmp_path / "t.jsonl"), 10, 5)
    for _ in range(3):
        file.append(LINE)
    assert [len(lines_of(path)) for path in tmp_path.iterdir()] == [1, 1, 1]


def test_a_file_that_somebody_moves_or_deletes_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    file = RotatingFile(str(path), 1 << 30, 1)
    file.append(LINE)
    path.rename(tmp_path / "moved")
    file.append(LINE)
    path.unlink()
    file.append(LINE)
    assert path.read_bytes() == (tmp_path / "moved").read_bytes() == LINE


def test_threads_share_a_file(recorded: Callable) -> None:
    read = recorded(file_bytes=20_000, files_kept=100)

    def work(name: int) -> None:
        for number in range(30):
            with record(f"{name}-{number}") as trace:
                trace.answer = "x" * 500

    threads = [threading.Thread(target=work, args=(name,)) for name in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(each["query"] for each in read()) == sorted(f"{a}-{b}" for a in range(5) for b in range(30))
    assert counts() == {}


def test_a_forked_child_records_too_and_leaves_its_parents_trace(recorded: Callable) -> None:
    read = recorded()
    with record("parent") as outer:
        child = os.fork()
        if child == 0:
            with record("child") as inner:
                inner.answer = 1
            outer.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        outer.answer = 2
    assert sorted(each["query"] for each in read()) == ["child", "parent"]


def test_a_full_disk_costs_the_line_and_leaves_the_file_whole(
    recorded: Callable, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read = recorded()
    with record("first") as trace:
        trace.answer = 1
    write = os.write
    full = iter([lambda: write(descriptor, line[:40]), None])
    descriptor, line = -1, b""

    def failing(to: int, data: bytes) -> int:
        nonlocal descriptor, line
        descriptor, line = to, data
        if data.startswith(b'{"schema":'):
            action = next(full, None)
            if action is not None:
                return action()
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(to, data)

    monkeypatch.setattr(os, "write", failing)
    for number in range(3):
        with record(f"lost {number}") as trace:
            trace.answer = 1
    monkeypatch.setattr(os, "write", write)
    with record("last") as trace:
        trace.answer = 1
    assert [each["query"] for each in read()] == ["first", "last"]
    assert counts() == {"a trace is lost": 3}
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("path", ["/dev/null/t.jsonl", "/proc/t.jsonl", "folder"])
def test_a_place_that_cannot_be_written_never_reaches_the_application(
    recorded: Callable, tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    recorded(path=path)
    for _ in range(3):
        with record("query") as trace, step("model", "x"):
            trace.answer = 1
    assert counts() == {"a trace is lost": 3}


def test_a_pipe_without_a_reader_does_not_block(recorded: Callable, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    recorded(path=tmp_path / "pipe")
    with record("query") as trace:
        trace.answer = 1
    assert counts() == {"a trace is lost": 1}


def test_a_process_that_holds_the_lock_does_not_block_others_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    from runtime.trace import rotation

    monkeypatch.setattr(rotation, "LOCK_SECONDS", 0.05)
    path = tmp_path / "t.jsonl"
    path.touch()
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(TimeoutError, match="another process"):
            RotatingFile(str(path), 100, 1).append(LINE)
    RotatingFile(str(path), 100, 1).append(LINE)
    assert json.loads(path.read_bytes())
