"""The examples of the runtime's codes, run by the runtime: only the bad version ends with the code."""

import hashlib
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.example_projects import both_ways, materialise

from compiler.diagnostics.examples import EXAMPLES, Example

OF_STAGES = {
    code: example
    for code, example in EXAMPLES.items()
    if isinstance(example, Example) and "python -m runtime " in f"{example.command} {example.good}"
}
DATA = {"stage.yaml": "train.jsonl", "evaluation.yaml": "held-out.jsonl"}
Codes = dict[tuple[str, str], list[str]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, tiny_models: Path) -> Codes:
    """Run both versions of each example in one process, equal projects once; return their error codes."""
    root = tmp_path_factory.mktemp("examples")
    runs: dict[str, list[object]] = {}
    ways: dict[tuple[str, str], str] = {}
    for code, example in OF_STAGES.items():
        for way, command, change in both_ways(example):
            folder = root / f"{code}-{way}"
            materialise(folder, example)
            shutil.rmtree(folder / "models")
            (folder / "models").symlink_to(tiny_models)
            change(folder)
            environment, config = parsed(command)
            fill_digest(folder, config)
            same = digest_of(folder) + command
            runs.setdefault(same, [str(folder), config, environment])
            ways[code, way] = same
    script = Path(__file__).with_name("chain.py")
    request = json.dumps(list(runs.values()))
    done = subprocess.run([sys.executable, str(script)], input=request, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    answers = dict(zip(runs, json.loads(done.stdout), strict=True))
    return {key: answers[same] for key, same in ways.items()}


def parsed(command: str) -> tuple[dict[str, str], str]:
    """Return the variables that a command line sets, and the config that it names."""
    words = shlex.split(command)
    assert words[-4:-1] == ["python", "-m", "runtime"]
    return dict(word.split("=", 1) for word in words[:-4]), words[-1]


def fill_digest(folder: Path, config: str) -> None:
    """Insert the digest of the rows, as a compiled config has it."""
    path = folder / config
    digest = hashlib.sha256((folder / "data" / DATA[config]).read_bytes()).hexdigest()
    path.write_text(path.read_text(encoding="utf-8").replace("SHA256", digest), encoding="utf-8")


def digest_of(folder: Path) -> str:
    paths = sorted(path for path in folder.rglob("*.*") if path.suffix in (".yaml", ".jsonl", ".py"))
    text = "".join(f"{path.relative_to(folder)}\0{path.read_text()}\0" for path in paths)
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("code", sorted(OF_STAGES))
def test_only_the_bad_version_ends_with_the_code(code: str, found: Codes) -> None:
    assert found[code, "bad"] == [code]
    assert found[code, "good"] == []


def test_a_model_that_cannot_be_fetched_by_name() -> None:
    example = EXAMPLES["RUN762"]
    assert isinstance(example, Example)
    _, *arguments = shlex.split(str(example.bad))
    code = "import sys; from runtime.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 78
    assert "RUN762" in done.stderr
    assert str(example.good).split()[-1] in done.stderr
