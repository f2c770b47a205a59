"""What a command does when it cannot be read or written as it would like: closed folders, terminals, full disks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import MakeSpec
from support.waiting import HUNG_SECONDS

RUN = [sys.executable, "-m", "compiler"]
CLOSED = pytest.mark.skipif(os.geteuid() == 0, reason="root reads folders that are closed")


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*RUN, *map(str, arguments)],
        capture_output=True,
        env=os.environ | environment,
        timeout=HUNG_SECONDS,
        check=False,
    )


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_a_terminal_that_cannot_show_a_character_is_no_reason_to_fail(make_spec: MakeSpec, encoding: str) -> None:
    for arguments in (("explain", make_spec()), ("explain", "M2"), ("schema",)):
        done = run(*arguments, PYTHONIOENCODING=encoding)
        assert done.returncode == 0, done.stderr
        assert done.stdout.decode(encoding)


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*RUN, "schema"], stdout=full, stderr=subprocess.PIPE, timeout=HUNG_SECONDS, check=False)
    assert done.returncode == 1
    assert done.stderr.decode() == "cannot write the output: no space left on device\n"


@CLOSED
def test_a_folder_that_is_closed_is_not_passed_over(make_spec: MakeSpec) -> None:
    folder = make_spec().parent
    folder.chmod(0)
    try:
        done = run("check", folder.parent)
    finally:
        folder.chmod(0o755)
    assert done.returncode == 1
    assert b"permission denied" in done.stderr


def test_a_full_width_colon_is_told_where_it_stands(make_spec: MakeSpec) -> None:
    spec = make_spec(("metadata:\n", "metadata：\n"))
    done = run("check", spec, "--format", "concise")
    assert "spec.yaml:3:9: error[YML003] `：` is a full-width colon" in done.stderr.decode()


def test_an_empty_file_is_told_so(make_spec: MakeSpec) -> None:
    spec = make_spec()
    spec.write_text("", encoding="utf-8")
    assert b"the file has no document" in run("check", spec).stderr
