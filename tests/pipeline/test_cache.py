"""The cache: an unchanged spec is not compiled again, and a changed one always is."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.command import Result, invoke
from tools.benchmarks.generate import write_project

from compiler.pipeline import phases as pipeline
from compiler.pipeline.cache import Cache, compiler_digest
from compiler.pipeline.cached import checked, compiled
from compiler.render.plan_folder import write
from compiler.spec.dependencies import Reads
from compiler.spec.discover import SpecPath, discover

HOME = "XDG_CACHE_HOME"
ROOT = Path(__file__).parent.parent.parent


def run(*arguments: object) -> Result:
    return invoke(*arguments)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec with evidence, a prompt file, three data files and a folder that a metric reads."""
    monkeypatch.setenv(HOME, str(tmp_path / "home"))
    folder = write_project(tmp_path / "specs", 1) / "shop-00000"
    (folder / "databases").mkdir()
    (folder / "databases" / "a.0.sql").write_text("create table a(b);\n", encoding="utf-8")
    (folder / "prompts").mkdir()
    (folder / "prompts" / "v1.md").write_text("Answer.\n", encoding="utf-8")
    edit(folder / "spec.yaml", "- name: exact_match", "- name: execution_accuracy\n        databases: databases")
    edit(folder / "evidence" / "prompts.yaml", "metric: exact_match", "metric: execution_accuracy")
    edit(folder / "evidence" / "prompts.yaml", "{name: v1,", "{name: v1, prompt: prompts/v1.md,")
    rows = folder / "data" / "held-out.jsonl"
    rows.write_text(rows.read_text(encoding="utf-8").replace('"id"', '"database": "a", "id"'), encoding="utf-8")
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def filled(folder: Path) -> tuple[Cache, SpecPath]:
    """A cache with an entry of the spec, whose plan folder is written."""
    cache = Cache(folder=folder.parent.parent / "cache", compiler=compiler_digest())
    spec = SpecPath(path=folder / "spec.yaml", shown="specs/shop-00000/spec.yaml")
    built = compiled(spec, cache=cache, may_recover=False)
    assert built.bundle is not None, built.diagnostics
    assert write(built.bundle, spec.plan_folder, "plan") is None
    assert cache.find(spec) == built.entry
    return cache, spec


def inputs(folder: Path) -> list[Path]:
    below = [path for path in folder.rglob("*") if path.is_file() and "plan" not in path.parts]
    return [*sorted(below), folder.parent / "clusters" / "shared.yaml"]


def test_an_unchanged_spec_is_not_compiled_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, spec = filled(project)
    monkeypatch.setattr(pipeline, "compile_spec", None)
    monkeypatch.setattr(pipeline, "make_plan", None)
    again = compiled(spec, cache=cache, may_recover=True)
    assert again.bundle is None
    assert again.entry == cache.find(spec)
    assert checked(spec, cache=cache).diagnostics == again.diagnostics


def test_every_change_of_a_byte_of_an_input_misses(project: Path) -> None:
    cache, spec = filled(project)
    paths = inputs(project)
    assert len(paths) == 9
    for path in paths:
        raw = path.read_bytes()
        if path.suffix == ".md":
            continue  # only the existence of a prompt counts, not its text
        for at in {0, 1, len(raw) // 3, len(raw) // 2, len(raw) - 1}:
            path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
            assert cache.find(spec) is None, (path.name, at)
        for other in (raw + b"\n", raw[:-1], b""):
            path.write_bytes(other)
            assert cache.find(spec) is None, path.name
        path.unlink()
        assert cache.find(spec) is None, path.name
        path.write_bytes(raw)
        assert cache.find(spec) is not None, path.name


def test_a_file_that_appears_disappears_or_becomes_a_link_misses(project: Path, tmp_path: Path) -> None:
    cache, spec = filled(project)
    for new in ("evidence/more.yaml", "databases/b.0.sql"):
        (project / new).write_text("x", encoding="utf-8")
        assert cache.find(spec) is None, new
        (project / new).unlink()
    for path in inputs(project):
        if path == spec.path:
            continue
        outside = tmp_path / "outside"
        path.rename(outside)
        assert cache.find(spec) is None, path.name
        path.symlink_to(outside)
        assert cache.find(spec) is None, path.name
        path.unlink()
        outside.rename(path)
    assert cache.find(spec) is not None
    (project / "README.md").write_text("what no compile reads does not matter", encoding="utf-8")
    assert cache.find(spec) is not None


def test_an_entry_of_another_compiler_is_not_used(project: Path) -> None:
    cache, spec = filled(project)
    other = replace(cache, compiler="0" * 64)
    assert other.find(spec) is None
    # not even at the path of the right one
    (entry,) = cache.folder.rglob("*.json")
    moved = other._path(spec)
    moved.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(entry, moved)
    assert other.find(spec) is None


def test_the_digest_of_the_compiler_covers_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import compiler.pipeline.cache as module
    import runtime.contract

    package = tmp_path / "compiler"
    shutil.copytree(Path(module.__file__).parent.parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "templates").mkdir(exist_ok=True)
    (package / "templates" / "job.yaml.j2").write_text("a", encoding="utf-8")
    monkeypatch.setattr(module, "__file__", str(package / "pipeline" / "cache.py"))
    contract = tmp_path / "contract"
    shutil.copytree(Path(runtime.contract.__file__).parent, contract, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(runtime.contract, "__file__", str(contract / "__init__.py"))
    digests = {compiler_digest.__wrapped__()}
    for changed in (
        "spec/names.py",
        "selection/rules.py",
        "spec/methods/trl_fields.json",
        "templates/job.yaml.j2",
        contract / "metrics.py",
    ):
        with (package / changed).open("a", encoding="utf-8") as stream:
            stream.write("\n")
        digests.add(compiler_digest.__wrapped__())
    assert len(digests) == 6
    monkeypatch.setattr(module.sys, "version", "another interpreter")
    assert compiler_digest.__wrapped__() not in digests


def test_damaged_entries_are_ignored_and_replaced(project: Path) -> None:
    cache, spec = filled(project)
    (entry,) = cache.folder.rglob("*.json")
    whole = entry.read_bytes()
    damaged = [whole[:at] for at in range(0, len(whole), 97)]
    damaged += [whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :] for at in range(0, len(whole), 89)]
    damaged += [b"\xff" * 100, b"{}", whole.partition(b"\n")[0] + b"\n{}"]
    for content in damaged:
        entry.write_bytes(content)
        assert cache.find(spec) is None
    entry.unlink()
    entry.mkdir()
    assert cache.find(spec) is None
    assert (
        compiled(spec, cache=cache, may_recover=False).entry is not None
    )  # it cannot be stored, which is not an error
    entry.rmdir()
    compiled(spec, cache=cache, may_recover=False)
    assert entry.read_bytes() == whole


def test_errors_are_not_kept(project: Path) -> None:
    cache = Cache(folder=project.parent.parent / "cache", compiler=compiler_digest())
    spec = SpecPath(path=project / "spec.yaml", shown="spec.yaml")
    (project / "data" / "demos.jsonl").write_text("no json\n", encoding="utf-8")
    assert compiled(spec, cache=cache, may_recover=False).entry is None
    assert list(cache.folder.rglob("*.json")) == []


def test_old_entries_are_removed_when_there_are_too_many(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, spec = filled(project)
    monkeypatch.setattr("compiler.pipeline.cache.MAX_ENTRIES", 4)
    for number in range(6):
        compiled(replace(spec, shown=f"{number}/spec.yaml"), cache=cache, may_recover=False)
    cache.prune()
    assert len(list(cache.folder.rglob("*.json"))) == 2


def test_the_cache_changes_no_diagnostics(project: Path, tmp_path: Path) -> None:
    outputs = [(done.stdout, done.stderr, done.exit_code) for done in (run("compile", project) for _ in range(3))]
    assert list((tmp_path / "home" / "trainspec" / "compile").rglob("*.json"))
    shutil.rmtree(tmp_path / "home")
    deleted = run("compile", project)
    uncached = run("compile", project, "--no-cache")
    assert "files written" in outputs[0][0]
    expected = (outputs[1][0], outputs[1][1], 0)
    assert outputs[2] == expected
    assert (deleted.stdout, deleted.stderr, deleted.exit_code) == expected
    assert (uncached.stdout, uncached.stderr, uncached.exit_code) == expected
    shutil.rmtree(tmp_path / "home")
    run("check", project, "--no-cache")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("first", ["check", "compile"])
def test_a_plan_that_was_changed_by_hand_is_seen(project: Path, first: str) -> None:
    run("compile", project)
    run(first, project)
    edit(project / "plan" / "PLAN.md", "# Plan", "# plan")
    assert run("compile", project, "--check").exit_code == 5
    assert "1 file written" in run("compile", project).stdout
    assert run("compile", project, "--check").exit_code == 0


def test_every_file_that_a_compile_opens_is_recorded(project: Path) -> None:
    """Compared with the reads that the interpreter reports, so that no new way of reading is missed."""
    shipped = discover([ROOT / "specs"])[0]
    opened: set[Path] = set()
    watching = [False]

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if watching[0] and event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], (str, Path)):
            opened.add(Path(arguments[0]))

    sys.addaudithook(watch)
    for spec in (SpecPath(path=project / "spec.yaml", shown="spec.yaml"), *shipped):
        opened.clear()
        reads = Reads(spec.path.parent)
        watching[0] = True
        outcome = pipeline.compile_spec(spec.path, spec.shown, reads)
        watching[0] = False
        assert outcome.value is not None, (spec.shown, outcome.diagnostics)
        assert reads.complete
        specs = spec.path.parent.parent.resolve()
        inside = {path.resolve() for path in opened if path.is_absolute() and path.resolve().is_relative_to(specs)}
        noted = {(spec.path.parent / path).resolve() for path, lookup, _ in reads.notes if lookup in ("file", "names")}
        assert len(inside) >= 2  # the spec and its profile at least
        assert inside <= noted, (spec.shown, inside - noted)


def test_a_spec_named_from_its_repository_is_known_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.parent.parent)
    cache = Cache(folder=project.parent.parent / "cache", compiler=compiler_digest())
    (spec,), _ = discover([Path("specs") / project.name])
    assert not spec.path.is_absolute()
    assert checked(spec, cache=cache).entry is not None
    assert cache.find(spec) is not None
