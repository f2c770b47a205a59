"""Many specs: any number of processes gives the same diagnostics in the same order, and the same files."""

import io
import os
import shutil
from pathlib import Path

import pytest
from support.command import invoke
from tools.benchmarks.generate import write_project

from compiler.cli import progress
from compiler.pipeline import cached as build
from compiler.pipeline import processes as workers
from compiler.pipeline.cache import Cache
from compiler.spec.discover import SpecPath

PARENT = os.getpid()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve specs: one is broken, one has the name of another, and all share a profile that warns."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    share_everything(monkeypatch)
    monkeypatch.chdir(tmp_path)
    folder = write_project(tmp_path / "specs", 12)
    edit(folder / "shop-00004" / "spec.yaml", "target: 0.9", "targt: 0.9")
    edit(folder / "shop-00007" / "spec.yaml", "name: shop-00007", "name: shop-00002")
    profile = folder / "clusters" / "shared.yaml"
    profile.write_text(profile.read_text() + "  priorityClass: low\n", encoding="utf-8")
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def share_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start other processes even for little work."""
    for name, value in (("ALONE_SECONDS", 1e-9), ("WORTH_SECONDS", 0.0), ("CHUNK", 2)):
        monkeypatch.setattr(workers, name, value)


def outcome(folder: Path, *arguments: str) -> tuple[int, str, str, dict[str, bytes]]:
    """What a run prints, and the plan folders after it."""
    done = invoke(*arguments, "specs")
    plans = {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("*/plan/*")}
    return done.exit_code, done.stdout, done.stderr, plans


def clean(folder: Path) -> None:
    for plan in folder.glob("*/plan"):
        shutil.rmtree(plan)
    shutil.rmtree(folder.parent / "home", ignore_errors=True)


@pytest.mark.parametrize("style", ["text", "json"])
def test_processes_change_nothing(project: Path, style: str) -> None:
    results = []
    for jobs in ("1", "3"):
        clean(project)
        results.append(
            [
                outcome(project, *command, "--jobs", jobs, "--format", style)
                for command in (["check"], ["compile"], ["compile"], ["compile", "--check"])
            ]
        )
    assert results[0] == results[1]
    compiled = results[0][1]
    assert compiled[0] == 1
    assert len({Path(path).parts[0] for path in compiled[3]}) == 10  # neither the broken one nor the second of a name


def test_a_problem_of_a_shared_file_is_reported_once(project: Path) -> None:
    _, _, stderr, _ = outcome(project, "check", "--format", "concise")
    assert stderr.count("`priorityClass` is set") == 1
    assert stderr.count("CHK206") == 1
    assert "specs/shop-00002/spec.yaml" in next(line for line in stderr.splitlines() if "CHK206" in line)


def test_the_work_of_a_killed_process_is_done_by_another(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = outcome(project, "check", "--jobs", "1", "--no-cache")
    monkeypatch.setattr("compiler.cli.batch.checked", dies_in_a_copy)
    assert outcome(project, "check", "--jobs", "2", "--no-cache") == alone


def dies_in_a_copy(spec: SpecPath, *, cache: Cache | None) -> build.Built:
    if os.getpid() != PARENT and spec.shown.endswith("5/spec.yaml"):
        os._exit(9)
    return build.checked(spec, cache=cache)


def test_one_spec_or_a_few_need_no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", None)
    assert list(workers.each(abs, [-1] * 20, 8)) == [1] * 20


def test_answers_come_in_order_and_few_are_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    share_everything(monkeypatch)
    assert list(workers.each(abs, [-each for each in range(1000)], 2)) == list(range(1000))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar_for_many_specs(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    for item in progress.with_bar(iter(range(400)), 400, "checking"):
        print(f"line {item}", file=terminal)
    written = terminal.getvalue()
    assert "checking ━━━━━━━━━━━━━━━━━━━━──────────────────── 200 of 400" in written
    # no reported line begins behind the bar, and nothing of the bar remains
    assert all(line.split("\x1b[2K")[-1].startswith("line ") for line in written.split("\n")[:-1])
    assert written.endswith("\r\x1b[2K")


def test_no_bar_for_a_few_specs_or_for_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(progress.with_bar(iter(range(400)), 400, "checking")) == list(range(400))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    assert list(progress.with_bar(iter(range(10)), 10, "checking")) == list(range(10))
    assert terminal.getvalue() == ""
