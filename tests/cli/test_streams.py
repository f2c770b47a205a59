"""Commands with unreadable folders, terminals of other encodings, and full disks."""

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
def test_a_character_that_the_terminal_cannot_show_does_not_fail_the_command(
    make_spec: MakeSpec, encoding: str
) -> None:
    for arguments in (("explain", make_spec()), ("explain", "M2"), ("schema",)):
        done = run(*arguments, PYTHONIOENCODING=encoding)
        assert done.returncode == 0, done.stderr
        assert done.stdout.decode(encoding)


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*RUN, "schema"], stdout=full, stderr=subprocess.PIPE, timeout=HUNG_SECONDS, check=False)
    assert done.returncode == 1
    assert done.stderr.decode() == "cannot write the output: no space left on device\n"


@CLOSED
def test_an_unreadable_folder_is_reported(make_spec: MakeSpec) -> None:
    folder = make_spec().parent
    folder.chmod(0)
    try:
        done = run("check", folder.parent)
    finally:
        folder.chmod(0o755)
    assert done.returncode == 1
    assert b"permission denied" in done.stderr


def test_a_full_width_colon_is_reported_at_its_location(make_spec: MakeSpec) -> None:
    spec = make_spec(("metadata:\n", "metadata：\n"))
    done = run("check", spec, "--format", "concise")
    assert "spec.yaml:3:9: error[YML003] `：` is a full-width colon" in done.stderr.decode()


def test_an_empty_file_is_reported(make_spec: MakeSpec) -> None:
    spec = make_spec()
    spec.write_text("", encoding="utf-8")
    assert b"the file has no document" in run("check", spec).stderr
