"""Writing plans: whole or not at all, whatever happens in between."""

import errno
from pathlib import Path

import pytest

from compiler.render import plan_folder as output
from compiler.render.bundle import RenderedBundle, RenderedFile


def bundle(**texts: str) -> RenderedBundle:
    texts = {"PLAN.md": "# plan", **texts}
    return RenderedBundle(files=tuple(RenderedFile(name=name, text=text) for name, text in sorted(texts.items())))


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.name != "PLAN.md"}


def test_a_plan_folder_becomes_the_bundle(tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    assert output.write(bundle(a="1", b="二"), folder, "plan") is None
    assert output.write(bundle(b="三", c="4"), folder, "plan") is None
    assert contents(folder) == {"b": "三", "c": "4"}
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]


def test_changes_name_each_file(tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    output.write(bundle(a="1", b="2"), folder, "plan")
    found = output.changes(bundle(b="3", c="4"), folder)
    assert [(change.action, change.name) for change in found] == [("delete", "a"), ("update", "b"), ("create", "c")]
    assert output.changes(bundle(a="1", b="2"), folder) == ()


@pytest.mark.parametrize("step", ["_write_file", "_swap"])
def test_a_full_disk_leaves_the_old_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    folder = tmp_path / "plan"
    output.write(bundle(a="1"), folder, "plan")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(output, step, full)
    found = output.write(bundle(a="2"), folder, "plan")
    assert found is not None
    assert found.code == "RND503"
    assert "no space left" in found.message
    assert contents(folder) == {"a": "1"}
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]


def test_a_kill_between_the_renames_is_repaired(tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    output.write(bundle(a="1"), folder, "plan")
    folder.rename(tmp_path / ".plan.old")
    (tmp_path / ".plan.new-xyz").mkdir()
    output.sweep(folder)
    assert contents(folder) == {"a": "1"}
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    found = output.write(bundle(a="1"), tmp_path / "file" / "plan", "plan")
    assert found is not None
    assert found.code == "RND503"


def test_what_is_not_a_plan_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("x")
    (tmp_path / "file").write_text("x")
    for name in ("link", "notes", "file"):
        found = output.write(bundle(a="1"), tmp_path / name, name)
        assert found is not None
        assert "not written by trainspec" in found.message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "file", "link", "notes"]
    assert (tmp_path / "notes" / "mine.txt").read_text() == "x"
