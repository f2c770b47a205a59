"""A clone with other line ends has the same plans, whichever line ends were committed."""

import subprocess
from pathlib import Path

import pytest
from conftest import MakeSpec
from support.command import invoke

from compiler.cli.init.git_files import write_git_files
from compiler.pipeline.phases import make_plan
from compiler.spec.inputs import Inputs

SPEC = Path("specs/shop/spec.yaml")
REWARD = "  reward:\n    kind: programmatic\n    functions:\n      - use: own:score\n        weight: 1\n  data:\n"
CRLF_ROWS = b'id,prompt,reference\r\n1,"two\r\nlines",a\r\n'


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def inputs_of(spec: Path) -> Inputs:
    outcome = make_plan(spec, "spec.yaml")
    assert outcome.value is not None, outcome.diagnostics
    return outcome.value.inputs


@pytest.fixture
def repository(make_spec: MakeSpec, tmp_path: Path) -> Path:
    """A folder with a compiled spec, its data, evidence and reward code."""
    spec = make_spec(("path: data/demos.jsonl", "path: data/demos.csv"), ("  data:\n", REWARD))
    rows = "".join(f'"demo\n{index}?","answer\n{index}"\n' for index in range(40))
    (spec.parent / "data" / "demos.csv").write_bytes(f"prompt,completion\n{rows}".encode())
    (spec.parent / "own.py").write_bytes(b"def score(completions, **columns):\n    return [0.0 for _ in completions]\n")
    done = invoke("compile", str(spec))
    assert done.exit_code == 0, done.stderr
    return tmp_path


def commit(repository: Path) -> None:
    git(repository, "init", "-q")
    files = [name for name in (".gitattributes", "specs") if (repository / name).exists()]
    git(repository, "-c", "core.autocrlf=false", "add", *files)
    git(repository, "commit", "-qm", "a plan")


def crlf_clone(repository: Path, into: Path) -> Path:
    git(into.parent, "clone", "-q", "-c", "core.autocrlf=true", str(repository), str(into))
    return into


@pytest.mark.parametrize("committed", ["lf", "crlf"])
def test_a_clone_with_other_line_ends_compiles_to_the_same_plan(
    repository: Path, tmp_path: Path, committed: str
) -> None:
    ours = repository / SPEC
    mine = inputs_of(ours)
    if committed == "crlf":
        for path in (each for each in (repository / "specs").rglob("*") if each.is_file()):
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    commit(repository)
    clone = crlf_clone(repository, tmp_path / "clone")
    spec = clone / SPEC
    assert b"\r\n" in spec.read_bytes()
    assert b"\r\n" in (spec.parent / "plan" / "PLAN.md").read_bytes()
    for each in (spec, ours):
        done = invoke("compile", "--check", str(each))
        assert (done.exit_code, "unchanged" in done.stdout) == (0, True), done.output
        again = invoke("compile", "--check", str(each))  # from the cache
        assert again.exit_code == 0
    for each in (inputs_of(spec), inputs_of(ours)):
        assert (each.files, each.digests, each.code) == (mine.files, mine.digests, mine.code)
    assert mine.code


def test_the_git_files_of_init_keep_texts_as_they_were_committed(repository: Path, tmp_path: Path) -> None:
    spec = repository / SPEC
    (spec.parent / "data" / "x.parquet").write_bytes(b"PAR1\r\n\0")
    (spec.parent / "data" / "x.csv").write_bytes(CRLF_ROWS.decode().encode("utf-16"))
    write_git_files(repository)
    commit(repository)
    clone = crlf_clone(repository, tmp_path / "clone")
    for path in (each for each in clone.glob("specs/**/*") if each.is_file()):
        assert path.read_bytes() == (repository / path.relative_to(clone)).read_bytes()


def test_lines_that_a_team_has_stay(tmp_path: Path) -> None:
    (tmp_path / ".gitattributes").write_bytes(b"*.png binary\r\nspecs/**/*.parquet filter=lfs -text")
    (tmp_path / ".gitignore").write_bytes(b".trainspec\n")
    assert write_git_files(tmp_path) == [str(tmp_path / ".gitattributes"), str(tmp_path / ".gitignore")]
    attributes = (tmp_path / ".gitattributes").read_bytes()
    assert attributes.startswith(b"*.png binary\r\nspecs/**/*.parquet filter=lfs -text\n")
    assert attributes.count(b"parquet") == 1
    assert b"specs/** text=auto eol=lf" in attributes
    assert (tmp_path / ".gitignore").read_bytes().count(b".trainspec") == 1
    assert write_git_files(tmp_path) == []
