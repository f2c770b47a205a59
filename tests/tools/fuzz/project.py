"""A folder of real specs whose files cases change, compile and restore; and the checks of every outcome."""

import re
import resource
import shutil
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from conftest import EVIDENCE, PROFILE, SPEC, badcases, demos, held_out, write_rows

from compiler.diagnostics import Diagnostic, has_errors
from compiler.diagnostics.render import FORMATS
from compiler.explain import plan as explain
from compiler.pipeline.phases import Compiled, compile_spec
from compiler.render.bundle import RenderedFile
from compiler.spec.dependencies import Reads

SHIPPED = Path(__file__).parents[3] / "specs"
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
LINE_END = re.compile(r"\r\n|\r|\n")
HEADING = re.compile(r"# Plan: |## (Why|What to do|What would change|Pipeline|Recording traces|Data|Stage \d)")
FENCE = re.compile(r" {0,3}(```|~~~)")


@dataclass(frozen=True, kw_only=True)
class Case:
    """Changed files of a spec's folder by path; None removes a file."""

    spec: str
    files: Mapping[str, bytes | None]


@dataclass(kw_only=True)
class Seen:
    """The outcomes of the cases of one strategy."""

    cases: int = 0
    bundles: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    codes: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Seen") -> None:
        self.cases += other.cases
        self.bundles += other.bundles
        self.seconds += other.seconds
        self.slowest = max(self.slowest, other.slowest)
        self.codes += other.codes


class Project:
    """A copy of the shipped specs, and of the small project of the tests, that cases are tried in."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.specs = root / "specs"
        shutil.copytree(SHIPPED, self.specs, ignore=lambda folder, names: [n for n in names if n in ("plan", "schema")])
        _write_small(self.specs)
        self.seen = Seen()

    def folders(self) -> list[str]:
        """Return the folders of the specs that compile without changes."""
        names = sorted(path.parent.name for path in self.specs.glob("*/spec.yaml"))
        return [name for name in names if self._compile(name)[0] is not None]

    def text_files(self, folder: str) -> list[str]:
        """The YAML files of a spec, its profiles last."""
        home = self.specs / folder
        files = [home / "spec.yaml", *sorted((home / "evidence").glob("*.yaml"))]
        profiles = sorted((self.specs / "clusters").glob("*.yaml"))
        return [path.relative_to(home).as_posix() for path in files] + [f"../clusters/{path.name}" for path in profiles]

    def read(self, folder: str, name: str) -> bytes:
        return (self.specs / folder / name).read_bytes()

    def check(self, case: Case) -> None:
        """Compile the project as the case has it. AssertionError, or whatever the compiler raises, if that is wrong."""
        home = self.specs / case.spec
        before = {name: (home / name).read_bytes() if (home / name).exists() else None for name in case.files}
        try:
            for name, raw in case.files.items():
                _put(home / name, raw)
            self._judge(case)
        finally:
            for name, raw in before.items():
                _put(home / name, raw)

    def _judge(self, case: Case) -> None:
        begun = time.perf_counter()
        compiled, found = self._compile(case.spec)
        took = time.perf_counter() - begun
        codes = Counter({each.code for each in found})
        self.seen.add(Seen(cases=1, bundles=compiled is not None, seconds=took, slowest=took, codes=codes))
        judge(self.root, compiled, found)

    def _compile(self, folder: str) -> tuple[Compiled | None, tuple[Diagnostic, ...]]:
        home = self.specs / folder
        outcome = compile_spec(home / "spec.yaml", f"specs/{folder}/spec.yaml", Reads(home))
        return outcome.value, outcome.diagnostics


def judge(root: Path, compiled: Compiled | None, found: tuple[Diagnostic, ...]) -> None:
    """Check what must hold for every outcome; locations must be of files below `root`."""
    assert compiled is not None or has_errors(found), "neither a plan nor an error"
    for each in found:
        assert each.code != "RND501", f"the compiler cannot read back what it wrote: {each.message}"
        assert each.message, f"{each.code} says nothing"
        assert each.hint, f"{each.code} says nothing of what to do"
        _inside(root, each)
    for style, formatted in FORMATS.items():
        text = formatted(found)
        text.encode("utf-8")
        assert not CONTROL.search(text), f"control character in {style}"
    if compiled is not None:
        assert not CONTROL.search(explain.plan(compiled.plan)), "control character in what explain says"
        for file in compiled.bundle.files:
            file.text.encode("utf-8")
            assert not CONTROL.search(file.text), f"control character in {file.name}"
            HOLDS[file.name.rpartition(".")[2]](file)


def _inside(root: Path, found: Diagnostic) -> None:
    where = found.location
    if where.line:
        raw = (root / where.path).read_bytes()
        text = raw.decode("utf-8-sig", "replace")
        lines = text.splitlines() if where.path.endswith(".yaml") else LINE_END.split(text)
        assert 1 <= where.line <= max(len(lines), 1), f"{found.code} at line {where.line} of {len(lines)}"
        line = lines[where.line - 1] if lines else ""
        assert 1 <= where.column <= len(line) + 1, f"{found.code} at column {where.column} of {len(line)}"
        assert where.column < where.end_column <= len(line) + 2, f"{found.code} ends at column {where.end_column}"


def _object_holds(file: RenderedFile) -> None:
    (data,) = yaml.load_all(file.text, yaml.CSafeLoader)
    if data["kind"] == "Kustomization":
        return
    name = data["metadata"]["name"]
    pattern = LABEL if data["kind"] in ("Job", "ConfigMap") else NAME
    assert pattern.fullmatch(name), f"{data['kind']} is named {name!r}"
    assert LABEL.fullmatch(data["metadata"]["namespace"])
    if data["kind"] == "ConfigMap":
        config = yaml.load(data["data"]["config.yaml"], yaml.CSafeLoader)
        for block in config["data"]:
            assert not {"", ".", ".."} & set(block["path"].split("/")), block["path"]


def _plan_holds(file: RenderedFile) -> None:
    lines = file.text.split("\n")
    fences = [line for line in lines if FENCE.match(line)]
    own = [["```python", "```"], ["```mermaid", "```"]]  # how to record, and the stages
    assert fences in ([], *own, own[0] + own[1]), f"text of the spec opens a fence: {fences}"
    for line in lines:
        assert not line.startswith("#") or HEADING.match(line), f"text of the spec makes a heading: {line[:80]}"


def _code_holds(file: RenderedFile) -> None:
    compile(file.text, file.name, "exec")


HOLDS = {"md": _plan_holds, "yaml": _object_holds, "py": _code_holds}


def _put(path: Path, raw: bytes | None) -> None:
    if raw is None:
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)


def _write_small(specs: Path) -> None:
    """The small project of the tests."""
    (specs / "clusters" / "small.yaml").write_text(PROFILE, encoding="utf-8")
    home = specs / "shop"
    write_rows(home / "data" / "demos.jsonl", demos())
    write_rows(home / "data" / "held-out.jsonl", held_out())
    write_rows(home / "data" / "badcases.jsonl", badcases())
    (home / "spec.yaml").write_text(SPEC, encoding="utf-8")
    (home / "evidence").mkdir()
    for file, text in EVIDENCE.items():
        (home / "evidence" / f"{file}.yaml").write_text(text, encoding="utf-8")


def peak_memory() -> int:
    """The most memory that this process has held so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
